"""Importing what a cloud has: projects into offerings of clouds, servers and volumes into those of a tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.events.log import record
from waldur_core.operations.errors import OperationError
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_mastermind.marketplace.orders import set_resource_state
from waldur_mastermind.marketplace.plugins import Importable, ImportRequest
from waldur_mastermind.marketplace_openstack import limits as component_limits
from waldur_openstack.api.asking import CloudRefused, require_in_cloud
from waldur_openstack.cloud import Cloud
from waldur_openstack.importing import objects, tenants
from waldur_openstack.models import Tenant
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.workflows.identity import blacklisted


@contextmanager
def asking() -> Iterator[None]:
    """Errors of the cloud become 400s."""
    try:
        yield
    except OperationError as error:
        raise CloudRefused(error.message) from error


# projects ---------------------------------------------------------------------------------------------------------


class CredentialsSerializer(serializers.Serializer[Any]):
    """Of the tenant's user: of a new one, or of one who has access to the project already."""

    user_username = serializers.CharField(max_length=100, required=False)
    user_password = serializers.CharField(max_length=50, min_length=8, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        name = attrs.get("user_username", "")
        if bool(name) != ("user_password" in attrs):
            raise ValidationError("Give user_username and user_password, or neither.")
        if name and blacklisted(name):
            raise ValidationError({"user_username": ["This username is reserved in the cloud. Choose another."]})
        if name and Tenant.objects.filter(service_settings=self.context["service"], user_username=name).exists():
            raise ValidationError({"user_username": ["Another tenant of this cloud has this user. Choose another."]})
        return attrs


def importable_tenants(offering: Offering) -> list[Importable]:
    with asking():
        found = tenants.importable_projects(_connected(offering))
    return [Importable(p["id"], p["name"], offering.type, p.get("description") or "") for p in found]


def find_tenant(asked: ImportRequest) -> tenants.Found:
    service = _connected(asked.offering)
    _credentials(asked, service)
    with asking():
        found = tenants.find_importable(service, asked.backend_id)
    sold = {component.type for component in component_limits.builtin_components(asked.offering)}
    whole = component_limits.QUOTAS.items()
    unlimited = [name for name, quota in whole if name in sold and found.limits.get(quota, 0) < 0]
    if unlimited:
        raise ValidationError(
            {"backend_id": [f"The project has no limit on {', '.join(unlimited)}. Set its quotas in the cloud first."]}
        )
    return found


def import_tenant(asked: ImportRequest, found: tenants.Found) -> Resource:
    """The resource is Creating, and paid for from the moment on when everything inside is known."""
    service = _connected(asked.offering)
    given = _credentials(asked, service)
    tenant = tenants.import_tenant(
        service,
        found,
        asked.project,
        asked.user,
        username=given.get("user_username", ""),
        password=given.get("user_password", ""),
    )
    resource = Resource(
        name=tenant.name,
        description=tenant.description,
        offering=asked.offering,
        plan=asked.plan,
        project=asked.project,
        limits=component_limits.limits(found.limits, asked.offering),
        attributes={"name": tenant.name},
    )
    resource.scope = tenant
    resource.save()
    return resource


def finish_import(resource: Resource, tenant: Tenant) -> None:
    """The tenant is there: what it may use is what the cloud says now."""
    quotas = counters.quotas_of(tenant)
    limits = {quota.name: max(quota.limit, quota.usage) for quota in quotas}  # what has no limit counts as it is used
    resource.limits = component_limits.limits(limits, resource.offering)
    resource.save(update_fields=["limits", "modified"])
    set_resource_state(resource, Resource.State.OK)  # from now on it is on its plan
    record("marketplace_resource_create_succeeded", f"{resource} has been imported.", scope=resource)


def _credentials(asked: ImportRequest, service: ServiceSettings) -> dict[str, Any]:
    unknown = sorted(asked.details.keys() - CredentialsSerializer().fields.keys())
    if unknown:
        raise ValidationError({"additional_details": [f"Unknown: {', '.join(unknown)}."]})
    serializer = CredentialsSerializer(data=dict(asked.details), context={"service": service})
    if not serializer.is_valid():
        raise ValidationError({"additional_details": serializer.errors})
    return dict(serializer.validated_data)


def _connected(offering: Offering) -> ServiceSettings:
    service: ServiceSettings | None = offering.scope
    if service is None or service.state != CoreState.OK:
        raise Conflict("The cloud of this offering is not available at present.")
    return service


# servers and volumes ------------------------------------------------------------------------------------------------


def importable_objects(offering: Offering, kind: Kind) -> list[Importable]:
    tenant = _tenant(offering)
    with asking():
        found = objects.importable_objects(kind, tenant, _cloud(tenant))
    return [
        Importable(item["id"], item.get("name") or item["id"], offering.type, item.get("description") or "")
        for item in found
    ]


def find_object(asked: ImportRequest, look: Any) -> Any:
    """`look` is the function of `objects` that reads the kind, with what hangs on it."""
    tenant = _tenant(asked.offering)
    if asked.project != tenant.project:
        raise ValidationError({"project": [f"The tenant is of the project {tenant.project}."]})
    if asked.details:
        raise ValidationError({"additional_details": ["There is nothing to tell in addition."]})
    with asking():
        return look(tenant, _cloud(tenant), asked.backend_id)


def import_object(asked: ImportRequest, seen: Any) -> Resource:
    row = objects.take(_tenant(asked.offering), seen, asked.backend_id)
    resource = Resource.objects.filter(scope_uuid=row.uuid).exclude(state=Resource.State.TERMINATED).first()
    if resource is None:
        raise Conflict("The tenant has several offerings of this type: archive all but one.")
    return resource


def _tenant(offering: Offering) -> Tenant:
    tenant: Tenant | None = offering.scope
    if tenant is None or tenant.state not in (CoreState.OK, CoreState.ERRED):
        raise Conflict("The tenant of this offering is not available at present.")
    require_in_cloud(tenant)
    return tenant


def _cloud(tenant: Tenant) -> Cloud:
    return Cloud.of(tenant.service_settings).in_project(tenant.backend_id)
