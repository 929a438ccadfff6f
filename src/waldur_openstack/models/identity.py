from typing import Any, ClassVar

from django.apps import apps
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models

from waldur_core.secrets.fields import EncryptedTextField
from waldur_core.structure.models import ServiceResource


class Tenant(ServiceResource):
    """A Keystone project that belongs to one of our projects, with its own user and quotas."""

    user_username = models.CharField(max_length=100, blank=True, default="")
    user_password: Any = EncryptedTextField(blank=True, default="")
    new_user_password: Any = EncryptedTextField(
        blank=True, default="", help_text="Asked for, not yet taken by the cloud."
    )
    user_id = models.CharField(max_length=64, blank=True, default="", help_text="Keystone id of the tenant user.")
    internal_network_id = models.CharField(max_length=64, blank=True, default="")
    external_network_id = models.CharField(max_length=64, blank=True, default="")
    availability_zone = models.CharField(max_length=100, blank=True, default="")
    default_volume_type_name = models.CharField(max_length=100, blank=True, default="")
    skip_connection_extnet = models.BooleanField(default=False)
    skip_creation_of_default_router = models.BooleanField(default=False)
    skip_creation_of_default_subnet = models.BooleanField(default=False)

    resource_type: ClassVar = "OpenStack.Tenant"

    class Meta(ServiceResource.Meta):
        verbose_name = "tenant"
        indexes = (models.Index(fields=("name", "id")),)

    @property
    def is_managed(self) -> bool:
        """Ours to change; projects that we only see, because they share something into ours, have no row."""
        return self.pk is not None


class ProvidedTenant(Tenant):
    """A tenant as those see it who bring images into it: the project's team and the provider of its cloud."""

    visible_through: ClassVar = (*Tenant.visible_through, "service_settings__customer")

    class Meta:
        proxy = True
        verbose_name = "tenant"


class TenantObject(ServiceResource):
    """An object inside a tenant; project and service settings are the tenant's."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="%(class)ss")
    drifts = GenericRelation("openstack.Drift")

    class Meta(ServiceResource.Meta):
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.project_id is None:
            self.project, self.service_settings = self.tenant.project, self.tenant.service_settings
        super().save(*args, **kwargs)


def tenant_models() -> list[type[TenantObject]]:
    """All that can live in a tenant."""
    return [model for model in apps.get_app_config("openstack").get_models() if issubclass(model, TenantObject)]


class CatalogueItem(models.Model):
    """Something a cloud offers to its tenants: to all when public, else to those named in `tenants`."""

    settings = models.ForeignKey("structure.ServiceSettings", on_delete=models.CASCADE, related_name="+")
    backend_id = models.CharField(max_length=255)
    is_public = models.BooleanField(default=True)
    tenants = models.ManyToManyField(Tenant, related_name="%(class)ss", blank=True)

    class Meta:
        abstract = True

    @classmethod
    def offered(cls) -> models.Q:
        """The condition that the operator does not hide an item by an option of the cloud."""
        return models.Q()

    @classmethod
    def visible_also(cls, user: Any) -> models.Q:
        """What the tenants one sees may use."""
        from waldur_core.permissions.visibility import visibility

        tenants = Tenant.objects.filter(visibility(user, Tenant))
        private = cls._links().filter(tenant_id__in=tenants.values("pk"))
        return models.Q(is_public=True, settings_id__in=tenants.values("service_settings_id")) | models.Q(
            pk__in=private.values(f"{cls._meta.model_name}_id")
        )

    @classmethod
    def _links(cls) -> Any:
        """Which tenants may use which private items."""
        return cls.tenants.through._default_manager.all()

    @classmethod
    def usable_in(cls, tenant: Tenant) -> models.Q:
        """The condition that an item may be used in `tenant`."""
        private = cls._links().filter(tenant_id=tenant.pk).values(f"{cls._meta.model_name}_id")
        reachable = models.Q(is_public=True) | models.Q(pk__in=private)
        return models.Q(settings_id=tenant.service_settings_id) & reachable & cls.offered()
