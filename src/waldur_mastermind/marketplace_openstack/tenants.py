"""OpenStack.Tenant: a project in a cloud, sold by limits on cores, RAM and storage."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from waldur_core.operations.start import start
from waldur_core.rest.errors import Conflict
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Offering, Order, Plan, Resource
from waldur_mastermind.marketplace.plugins import (
    BuiltinComponent,
    Importable,
    ImportRequest,
    OfferingPlugin,
    OrderRequest,
)
from waldur_mastermind.marketplace_openstack import importing
from waldur_mastermind.marketplace_openstack import limits as component_limits
from waldur_mastermind.marketplace_openstack.acting import ActingAs
from waldur_mastermind.marketplace_openstack.connection import PROVISION_OPTIONS, connect, validate_attributes
from waldur_mastermind.marketplace_openstack.limits import MODES, MOST
from waldur_mastermind.marketplace_openstack.storage_modes import follow_offering
from waldur_openstack.api.identity import TenantCreateSerializer, TenantSerializer, below_usage
from waldur_openstack.custom_images import LIMIT_OPTIONS
from waldur_openstack.models import Tenant
from waldur_openstack.sync.orphans import OPTION
from waldur_openstack.workflows.identity import DeleteTenant
from waldur_openstack.workflows.quotas import PushQuotas

MOST_BYTES = 2**63 - 1
OPTION_QUOTAS = {
    "max_instances": "instances",
    "max_volumes": "volumes",
    "max_security_groups": "security_group_count",
}


class TenantPlugin(OfferingPlugin):
    type = "OpenStack.Tenant"
    secret_attributes = frozenset({"user_password"})

    def builtin_components(self, offering: Offering) -> tuple[BuiltinComponent, ...]:
        return component_limits.builtin_components(offering)

    def component_named(self, word: str) -> tuple[str, int]:
        return component_limits.component_named(word)

    def validate_offering(self, offering: Offering, service_attributes: Mapping[str, Any]) -> None:
        validate_attributes(service_attributes)
        options = offering.plugin_options
        mtu = options.get("default_internal_network_mtu")
        if mtu is not None and not (isinstance(mtu, int) and 68 <= mtu <= 9000):
            raise ValidationError(
                {"plugin_options": {"default_internal_network_mtu": ["Give a number from 68 to 9000."]}}
            )
        wrong = [name for name in OPTION_QUOTAS if not _is_count(options.get(name))]
        wrong += [name for name in LIMIT_OPTIONS if not _is_count(options.get(name), most=MOST_BYTES)]
        if wrong:
            raise ValidationError({"plugin_options": {name: ["Give a number from 0 on."] for name in wrong}})
        wrong = [name for name in PROVISION_OPTIONS if not _is_count(options.get(name), least=1)]
        if wrong:
            raise ValidationError({"plugin_options": {name: ["Give a number from 1 on."] for name in wrong}})
        if not isinstance(options.get(OPTION, True), bool):
            raise ValidationError({"plugin_options": {OPTION: ["Give true or false."]}})
        if options.get("storage_mode") not in (None, *MODES):
            raise ValidationError({"plugin_options": {"storage_mode": ["Give fixed or dynamic."]}})

    def offering_saved(self, offering: Offering) -> None:
        connect(offering)
        follow_offering(offering)

    def before_activation(self, offering: Offering) -> None:
        """On sale only with a connection that works."""
        service = offering.scope
        if service is None or not service.secret_options:
            raise ValidationError({"service_attributes": ["The offering is not connected to a cloud yet."]})
        if service.state == CoreState.ERRED:
            raise ValidationError({"service_attributes": [f"The connection does not work: {service.error_message}"]})
        if service.state != CoreState.OK:
            raise Conflict("The connection to the cloud is still being checked. Try again in a moment.")

    def validate_create(self, order_request: OrderRequest) -> None:
        self._serializer(
            order_request.offering,
            order_request.project,
            order_request.user,
            order_request.attributes,
            order_request.limits,
        )

    def create(self, order: Order) -> Tenant:
        serializer = self._serializer(
            order.offering, order.project, order.created_by, order.all_attributes(), order.limits
        )
        tenant: Tenant = serializer.save()
        return tenant

    def _serializer(
        self, offering: Offering, project: Any, user: Any, attributes: Mapping[str, Any], limits: Mapping[str, int]
    ) -> TenantCreateSerializer:
        """The validated request; ValidationError names what is wrong."""
        service: ServiceSettings | None = offering.scope
        if service is None or service.state != CoreState.OK:
            raise ValidationError({"offering": ["The cloud of this offering is not available at present."]})
        context = {
            "request": ActingAs(user),
            "service_settings": service,
            "project": project,
            "user": user,
            "limits": {**self._option_quotas(offering), **component_limits.quotas(limits, offering)},
        }
        serializer = TenantCreateSerializer(data=dict(attributes), context=context)
        if not serializer.is_valid():
            raise ValidationError({"attributes": serializer.errors})
        return serializer

    @staticmethod
    def _option_quotas(offering: Offering) -> dict[str, int]:
        options = offering.plugin_options
        return {quota: options[name] for name, quota in OPTION_QUOTAS.items() if options.get(name) is not None}

    def validate_update(self, resource: Resource, *, limits: Mapping[str, int] | None, plan: Plan | None) -> None:
        tenant = resource.scope
        if tenant is None or tenant.state != CoreState.OK:
            raise Conflict("The tenant is busy or broken; its limits can be changed only when it is OK.")
        if limits is None:
            return
        if too_small := below_usage(tenant, component_limits.quotas(limits, resource.offering)):
            raise ValidationError({"limits": list(too_small.values())})

    def update(self, order: Order) -> bool:
        """New limits are pushed to the cloud by an operation; a new plan alone changes nothing there."""
        if not order.limits:
            return True
        quotas = component_limits.quotas_to_push(order.limits, order.offering, switched="reason" in order.attributes)
        start(PushQuotas, order.resource.scope, user=order.created_by, parameters={"quotas": quotas})
        return False

    def importable(self, offering: Offering) -> list[Importable]:
        return importing.importable_tenants(offering)

    def find_importable(self, asked: ImportRequest) -> Any:
        return importing.find_tenant(asked)

    def import_resource(self, asked: ImportRequest, found: Any) -> Resource:
        return importing.import_tenant(asked, found)

    def check_terminate(self, resource: Resource, attributes: Mapping[str, Any]) -> None:
        tenant = resource.scope
        if tenant is not None and tenant.state not in (CoreState.OK, CoreState.ERRED):
            raise Conflict(f"The tenant is {tenant.state}; only one that is OK or ERRED can be terminated.")

    def terminate(self, order: Order) -> None:
        start(DeleteTenant, order.resource.scope, user=order.created_by)

    def available_actions(self, resource: Resource) -> list[str]:
        return ["terminate", "update_limits"] if resource.state == Resource.State.OK else ["terminate"]

    def serialize_scope(self, resource: Resource, request: Request) -> dict[str, Any] | None:
        return dict(TenantSerializer(resource.scope, context={"request": request}).data) if resource.scope else None


def _is_count(value: Any, *, least: int = 0, most: int = MOST) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and least <= value <= most)
