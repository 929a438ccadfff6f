"""OpenStack.Instance and OpenStack.Volume: what is ordered inside a tenant, from the tenant's private offerings."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from waldur_core.operations.start import start
from waldur_core.structure.models import ServiceResource
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_mastermind.marketplace.plugins import (
    BuiltinComponent,
    Importable,
    ImportRequest,
    OfferingPlugin,
    OrderRequest,
)
from waldur_mastermind.marketplace_openstack import importing
from waldur_mastermind.marketplace_openstack.acting import ActingAs
from waldur_mastermind.marketplace_openstack.storage_modes import storage_components
from waldur_openstack.api.block_storage import VolumeCreateSerializer, VolumeSerializer, require_deletable
from waldur_openstack.api.compute import (
    InstanceDeleteSerializer,
    InstanceSerializer,
    delete_instance,
    require_instance_deletable,
)
from waldur_openstack.api.compute.create import InstanceCreateSerializer
from waldur_openstack.api.tenant_scope import InTenantSerializer
from waldur_openstack.importing.objects import look_at_instance, look_at_volume
from waldur_openstack.models import Tenant
from waldur_openstack.sync.block_storage import VOLUME
from waldur_openstack.sync.compute import INSTANCE
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.workflows.block_storage import DeleteVolume


class InTenantPlugin(OfferingPlugin):
    """The offering's scope is the tenant; there is no plan and no limit: the tenant's quotas are the limit."""

    needs_plan = False
    create_serializer: ClassVar[type[InTenantSerializer]]
    scope_serializer: ClassVar[Any]
    kind: ClassVar[Kind]
    look: ClassVar[Any]  # reads one of the kind, with what hangs on it, for an import

    def importable(self, offering: Offering) -> list[Importable]:
        return importing.importable_objects(offering, self.kind)

    def find_importable(self, asked: ImportRequest) -> Any:
        return importing.find_object(asked, type(self).look)

    def import_resource(self, asked: ImportRequest, found: Any) -> Resource:
        return importing.import_object(asked, found)

    def validate_create(self, order_request: OrderRequest) -> None:
        self._serializer(order_request.offering, order_request.user, order_request.attributes)

    def create(self, order: Order) -> ServiceResource:
        scope: ServiceResource = self._serializer(order.offering, order.created_by, order.all_attributes()).save()
        return scope

    def _serializer(self, offering: Offering, user: Any, attributes: Mapping[str, Any]) -> InTenantSerializer:
        """The validated request; ValidationError names what is wrong."""
        tenant: Tenant | None = offering.scope
        if tenant is None or tenant.state != CoreState.OK:
            raise ValidationError({"offering": ["The tenant of this offering is not OK at present."]})
        context = {"request": ActingAs(user), "tenant": tenant, "user": user}
        serializer = self.create_serializer(data=dict(attributes), context=context)
        try:
            valid = serializer.is_valid()
        except ValidationError as error:  # a quota that is too small speaks for itself
            raise ValidationError({"attributes": error.detail}) from error
        if not valid:
            raise ValidationError({"attributes": serializer.errors})
        return serializer

    def serialize_scope(self, resource: Resource, request: Request) -> dict[str, Any] | None:
        if resource.scope is None:
            return None
        return dict(self.scope_serializer(resource.scope, context={"request": request}).data)


class InstancePlugin(InTenantPlugin):
    type = "OpenStack.Instance"
    secret_attributes = frozenset({"user_data", "user_password"})
    create_serializer = InstanceCreateSerializer
    scope_serializer = InstanceSerializer
    kind = INSTANCE
    look = staticmethod(look_at_instance)

    def check_terminate(self, resource: Resource, attributes: Mapping[str, Any]) -> None:
        if resource.scope is not None:
            require_instance_deletable(resource.scope, force=delete_options(attributes)["force"])

    def terminate(self, order: Order) -> None:
        instance: Any = order.resource.scope
        delete_instance(instance, order.created_by, delete_options(order.attributes))

    def available_actions(self, resource: Resource) -> list[str]:
        instance = resource.scope
        if instance is None or instance.state not in (CoreState.OK, CoreState.ERRED):
            return []
        power = {"ACTIVE": ["stop", "restart", "console"], "SHUTOFF": ["start"]}.get(instance.runtime_state, [])
        return [*(power if instance.state == CoreState.OK else []), "terminate"]


class VolumePlugin(InTenantPlugin):
    type = "OpenStack.Volume"
    create_serializer = VolumeCreateSerializer
    scope_serializer = VolumeSerializer
    kind = VOLUME
    look = staticmethod(look_at_volume)

    def builtin_components(self, offering: Offering) -> tuple[BuiltinComponent, ...]:
        return storage_components(offering.parent)

    def check_terminate(self, resource: Resource, attributes: Mapping[str, Any]) -> None:
        if resource.scope is not None:
            require_deletable(resource.scope)

    def terminate(self, order: Order) -> None:
        start(DeleteVolume, order.resource.scope, user=order.created_by)

    def available_actions(self, resource: Resource) -> list[str]:
        return ["terminate"] if resource.scope is not None and resource.scope.instance_id is None else []


def delete_options(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a termination, validated; 400 on `attributes`."""
    known = {key: value for key, value in attributes.items() if key in InstanceDeleteSerializer().fields}
    serializer = InstanceDeleteSerializer(data=known)
    if not serializer.is_valid():
        raise ValidationError({"attributes": serializer.errors})
    return dict(serializer.validated_data)
