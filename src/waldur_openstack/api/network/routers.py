"""Routers of tenants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Holder, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import LinkField
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    ResourceViewSet,
    StatusSerializer,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.changing import CHANGEABLE, IN_BODY, REMOVABLE, Creates, Deletes, Updates, managed
from waldur_openstack.api.network.effective_routes import EffectiveRoutesSerializer, effective_routes
from waldur_openstack.api.network.external import (
    AvailableExternalNetworkSerializer,
    available_external_networks,
    external_network_ref,
    named_external_network,
)
from waldur_openstack.api.network.ports import NestedPortSerializer
from waldur_openstack.api.network.router_changes import (
    AddInterfaceSerializer,
    GatewaySerializer,
    RemoveInterfaceSerializer,
    RouterCreateSerializer,
    RouterUpdateSerializer,
    RoutesSerializer,
    require_gateway,
    require_no_floating_ips,
    require_no_interfaces,
)
from waldur_openstack.api.tenant_scope import require_tenant
from waldur_openstack.models import Port, Router
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.translation import external_blocks
from waldur_openstack.workflows.network import DeleteRouter, RemoveExternalGateway

PROVIDERS_CHOICE = ("enable_snat", "external_fixed_ips")


@dataclass(frozen=True)
class GatewayHolder(Holder):
    """As `Holder`; translation and fixed addresses of the gateway are for those who manage the cloud."""

    def check_object(self, request: Request, obj: Any) -> None:
        super().check_object(request, obj)
        data = request.data if isinstance(request.data, Mapping) else {}
        if any(data.get(name) not in (None, "", []) for name in PROVIDERS_CHOICE):
            customer = obj.service_settings.customer
            require_permission(request.user, Permission.OPENSTACK_ROUTER_MANAGE_GATEWAY, [customer])

    def describe(self) -> str:
        return f"{super().describe()}; for {' and '.join(PROVIDERS_CHOICE)} also the cloud's manager"


class RouterSerializer(TenantObjectSerializer):
    url = LinkField("openstack-router-detail")
    ports = serializers.SerializerMethodField()
    has_external_gateway = serializers.SerializerMethodField()
    external_network_uuid = serializers.SerializerMethodField()
    external_network_name = serializers.SerializerMethodField()
    offering_external_ips = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = Router
        fields = (
            *TENANT_FIELDS, "routes", "fixed_ips", "ports", "external_network_id", "external_network_uuid",
            "external_network_name", "has_external_gateway", "enable_snat", "external_fixed_ips",
            "offering_external_ips",
        )  # fmt: skip
        read_only_fields = fields

    def get_has_external_gateway(self, router: Router) -> bool:
        return bool(router.external_network_id)

    def get_external_network_uuid(self, router: Router) -> str | None:
        return named_external_network(router, "external_network")[0]

    def get_external_network_name(self, router: Router) -> str | None:
        return named_external_network(router, "external_network")[1]

    @extend_schema_field(NestedPortSerializer(many=True))
    def get_ports(self, router: Router) -> list[dict[str, Any]]:
        ports = getattr(router.tenant, "router_interfaces", ())
        own = [port for port in ports if port.device_id == router.backend_id]
        return list(NestedPortSerializer(own, many=True, context=self.context).data)

    def get_offering_external_ips(self, router: Router) -> list[str] | None:
        return external_blocks(router.service_settings)

    def to_representation(self, instance: Router) -> dict[str, Any]:
        data = super().to_representation(instance)
        if not data.get("external_fixed_ips", True):
            del data["external_fixed_ips"]
        return data


class RouterFilter(TenantObjectFilter):
    class Meta:
        model = Router
        fields = ()


def with_neighbours(routers: QuerySet[Router]) -> QuerySet[Router]:
    """Their external networks and interfaces, in three queries however many routers there are."""
    interfaces = Port.objects.filter(device_owner__in=ROUTER_INTERFACES).exclude(device_id="").order_by("pk")
    interfaces = interfaces.select_related("subnet").prefetch_related("security_groups")
    prefetch = Prefetch("tenant__ports", queryset=interfaces, to_attr="router_interfaces")
    return routers.annotate(**external_network_ref("external_network")).prefetch_related(prefetch)


class RouterViewSet(Creates, Updates, Deletes):
    """Routers of tenants."""

    queryset = with_neighbours(related(Router.objects.all(), "tenant"))
    serializer_class = RouterSerializer
    workflows = {
        "add_interface": "openstack.router.add_interface",
        "add_router_interface": "openstack.router.add_interface",
        "create": "openstack.router.create",
        "remove_external_gateway": "openstack.router.remove_external_gateway",
        "remove_interface": "openstack.router.remove_interface",
        "remove_router_interface": "openstack.router.remove_interface",
        "set_external_gateway": "openstack.router.set_external_gateway",
        "set_gateway": "openstack.router.set_external_gateway",
        "set_routes": "openstack.router.set_routes",
    }
    filterset_class = RouterFilter
    request_serializers = {"create": RouterCreateSerializer, "update": RouterUpdateSerializer}
    delete_workflow = DeleteRouter
    not_offered = frozenset({"unlink"})
    access = {
        **ResourceViewSet.state_access,
        "create": IN_BODY,
        **managed(
            "update", "partial_update", "destroy", "add_interface", "add_router_interface", "remove_interface",
            "remove_router_interface", "remove_external_gateway", "set_routes",
        ),
        **dict.fromkeys(
            ("set_gateway", "set_external_gateway"), GatewayHolder(permission=Permission.OPENSTACK_TENANT_MANAGE)
        ),
        "available_external_networks": Visible(),
        "effective_routes": Visible(),
    }  # fmt: skip
    preconditions = {
        **dict.fromkeys(
            (
                "update", "partial_update", "add_interface", "add_router_interface", "remove_interface",
                "remove_router_interface", "set_gateway", "set_external_gateway",
            ),
            CHANGEABLE,
        ),
        "destroy": (*REMOVABLE, require_no_interfaces),
        "remove_external_gateway": (*CHANGEABLE, require_gateway, require_no_floating_ips),
        "set_routes": (require_tenant, require_state(CoreState.OK, CoreState.ERRED)),
    }  # fmt: skip

    @extend_schema(request=AddInterfaceSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def add_router_interface(self, request: Request, uuid: str) -> Response:
        """Connect a subnet, by its gateway address or by a port of it."""
        return self.ask(AddInterfaceSerializer, "adding the interface was scheduled")

    @extend_schema(request=AddInterfaceSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def add_interface(self, request: Request, uuid: str) -> Response:
        """The same by its other name."""
        return self.ask(AddInterfaceSerializer, "adding the interface was scheduled")

    @extend_schema(request=RemoveInterfaceSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def remove_router_interface(self, request: Request, uuid: str) -> Response:
        """Disconnect a subnet; the port goes too."""
        return self.ask(RemoveInterfaceSerializer, "removing the interface was scheduled")

    @extend_schema(request=RemoveInterfaceSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def remove_interface(self, request: Request, uuid: str) -> Response:
        """The same by its other name."""
        return self.ask(RemoveInterfaceSerializer, "removing the interface was scheduled")

    @extend_schema(request=GatewaySerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_external_gateway(self, request: Request, uuid: str) -> Response:
        """Connect the router to an external network."""
        return self.ask(GatewaySerializer, "setting the gateway was scheduled")

    @extend_schema(request=GatewaySerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_gateway(self, request: Request, uuid: str) -> Response:
        """The same by its other name."""
        return self.ask(GatewaySerializer, "setting the gateway was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def remove_external_gateway(self, request: Request, uuid: str) -> Response:
        """Disconnect the router from its external network."""
        return self.begin(RemoveExternalGateway, "removing the gateway was scheduled")

    @extend_schema(request=RoutesSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_routes(self, request: Request, uuid: str) -> Response:
        """Replace the static routes."""
        return self.ask(RoutesSerializer, "change of routes was scheduled")

    @extend_schema(responses=AvailableExternalNetworkSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def available_external_networks(self, request: Request, uuid: str) -> Response:
        """The external networks that the router can be connected to."""
        found = available_external_networks(self.get_object().tenant)
        return Response(AvailableExternalNetworkSerializer(found, many=True).data)

    @extend_schema(responses=EffectiveRoutesSerializer, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def effective_routes(self, request: Request, uuid: str) -> Response:
        """Where the router sends packets."""
        return Response(EffectiveRoutesSerializer(effective_routes(self.get_object())).data)
