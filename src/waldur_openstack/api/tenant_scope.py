"""Requests that make something inside a tenant."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from waldur_core.operations.start import start
from waldur_core.operations.workflow import UpdateWorkflow
from waldur_core.permissions.checks import require_permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.serializers import RelatedLinkField
from waldur_core.structure.models import Project, ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Network, SubNet, Tenant
from waldur_openstack.models.identity import TenantObject

VIEWS: dict[Any, str] = {
    Network: "openstack-network",
    Project: "project",
    ServiceSettings: "servicesettings",
    SubNet: "openstack-subnet",
    Tenant: "openstack-tenant",
}


class UsableLinkField(RelatedLinkField):
    """A link to what the tenant of the request may use: of the catalogue, or a network that may be shared with it."""

    default_error_messages = {"does_not_exist": "There is no such {kind} for this tenant."}

    def get_queryset(self) -> QuerySet[Any]:
        queryset: Any = super().get_queryset()
        if "tenant" not in self.context:
            return queryset
        return queryset.filter(queryset.model.usable_in(self.context["tenant"]))


class OwnLinkField(RelatedLinkField):
    """A link to an object of the tenant of the request."""

    default_error_messages = {"does_not_exist": "There is no such {kind} in this tenant."}

    def get_queryset(self) -> QuerySet[Any]:
        queryset: Any = super().get_queryset()
        return queryset.filter(tenant=self.context["tenant"]) if "tenant" in self.context else queryset


def resolve_link(data: Mapping[str, Any], name: str, queryset: QuerySet[Any], context: Mapping[str, Any]) -> Any:
    """The object that a body names by link, before the rest is read; 400 on the field when it does not."""
    field = RelatedLinkField(f"{VIEWS[queryset.model]}-detail", queryset=queryset)
    field.bind(name, serializers.Serializer(context=dict(context)))
    try:
        return field.run_validation(data.get(name, serializers.empty))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error


def require_ok(tenant: Tenant) -> None:
    """409 unless the tenant is OK."""
    if tenant.state != CoreState.OK:
        raise Conflict(f"The tenant is {tenant.state}; it must be OK.")


def require_tenant(obj: TenantObject) -> None:
    """The tenant is OK."""
    require_ok(obj.tenant)


class InTenantSerializer(serializers.Serializer[Any]):
    """Base of requests whose context holds `tenant` and `user`."""

    @property
    def tenant(self) -> Tenant:
        tenant: Tenant = self.context["tenant"]
        return tenant

    @property
    def user(self) -> Any:
        return self.context["user"]

    @classmethod
    def for_request(cls, request: Request, context: Mapping[str, Any], permission: str) -> Self:
        """The serializer of a direct request, whose body names the tenant; then 403, then 409 unless it is OK."""
        data = request.data if isinstance(request.data, dict) else {}
        tenant = resolve_link(data, "tenant", Tenant.objects.select_related("project__customer"), context)
        require_permission(request.user, permission, [tenant.project, tenant.customer])
        require_ok(tenant)
        return cls(data=data, context={**context, "tenant": tenant, "user": request.user})


class ActionSerializer(InTenantSerializer):
    """Base of bodies of actions: the context also holds the `object` of the URL. `create` returns the operation."""

    @property
    def object(self) -> Any:
        return self.context["object"]


class UpdateSerializer(ActionSerializer):
    """Base of changes of columns: the row says what is wanted, `workflow` makes the cloud follow."""

    workflow: ClassVar[type[UpdateWorkflow]]

    @transaction.atomic
    def update(self, instance: Any, validated: dict[str, Any]) -> Any:
        """The cloud is told only of a change."""
        changed = {name: value for name, value in validated.items() if getattr(instance, name) != value}
        if changed:
            for name, value in changed.items():
                setattr(instance, name, value)
            instance.save(update_fields=[*changed, "modified"])
            start(self.workflow, instance, user=self.user, parameters={"changed": sorted(changed)})
        return instance
