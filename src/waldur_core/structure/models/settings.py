from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from waldur_core.models import NamedModel
from waldur_core.secrets.fields import EncryptedJSONField
from waldur_core.structure.models.customers import Customer
from waldur_core.structure.states import StatefulModel


class ServiceSettings(StatefulModel, NamedModel):
    """A connection to a cloud: where it is, whose it is, and the encrypted credentials."""

    type = models.CharField(max_length=100, db_index=True, help_text="OpenStack")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="service_settings")
    shared = models.BooleanField(default=False)
    options = models.JSONField(default=dict, blank=True, help_text="What users may see.")
    secret_options: Any = EncryptedJSONField(default=dict, blank=True, help_text="Credentials and connection details.")

    visible_through: ClassVar = ("customer",)

    class Meta:
        ordering = ("name",)
        verbose_name = "service settings"
        verbose_name_plural = "service settings"

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        return Q(shared=True) if user.is_authenticated else Q(pk__in=())
