from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from waldur_core.models import NamedModel, SluggedModel


class Customer(SluggedModel, NamedModel):
    """An organization: it owns projects, and as a service provider it owns offerings."""

    native_name = models.CharField(max_length=160, blank=True, default="")
    abbreviation = models.CharField(max_length=12, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    phone_number = models.CharField(max_length=255, blank=True, default="")
    contact_details = models.TextField(blank=True, default="")
    registration_code = models.CharField(max_length=160, blank=True, default="")
    agreement_number = models.CharField(max_length=160, blank=True, default="")
    vat_code = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    address = models.CharField(max_length=300, blank=True, default="")
    postal = models.CharField(max_length=20, blank=True, default="")
    bank_name = models.CharField(max_length=150, blank=True, default="")
    bank_account = models.CharField(max_length=50, blank=True, default="")
    homepage = models.URLField(max_length=255, blank=True, default="")
    domain = models.CharField(max_length=255, blank=True, default="")
    backend_id = models.CharField(max_length=255, blank=True, default="")
    default_tax_percent = models.DecimalField(max_digits=4, decimal_places=2, default=0)
    blocked = models.BooleanField(default=False, help_text="No new orders, no changes.")
    archived = models.BooleanField(default=False, help_text="Closed: no new orders, no changes.")

    slug_is_unique: ClassVar = True
    visible_through: ClassVar = ("",)
    role_scope: ClassVar = "customer"

    class Meta:
        ordering = ("name",)

    def slug_source(self) -> str:
        return self.abbreviation or self.name

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """Members of a project see whose it is."""
        from waldur_core.permissions.visibility import visibility

        return Q(pk__in=Project.objects.filter(visibility(user, Project)).values("customer_id"))


class Project(SluggedModel, NamedModel):
    """Where the resources of a customer live, and where its members work."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=500)
    backend_id = models.CharField(max_length=255, blank=True, default="")
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True, help_text="No orders after it.")
    is_industry = models.BooleanField(default=False)

    slug_is_unique: ClassVar = True
    visible_through: ClassVar = ("", "customer")
    role_scope: ClassVar = "project"

    class Meta:
        ordering = ("name",)
