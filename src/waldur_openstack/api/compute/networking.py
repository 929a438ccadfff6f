"""The network of a server: its ports, addresses and security groups."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Access, Holder, Reads, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.structure.states import CoreState, require_runtime_state, require_state
from waldur_openstack.api.base import StatusSerializer
from waldur_openstack.api.block_storage.volume_actions import READY_SERVERS
from waldur_openstack.api.changing import TenantObjectViewSet
from waldur_openstack.api.compute.addresses import (
    AssignFloatingIPSerializer,
    InstanceFloatingIPsSerializer,
    UnassignFloatingIPSerializer,
)
from waldur_openstack.api.compute.connectivity import DiagnoseRequestSerializer, DiagnoseResponseSerializer, diagnose
from waldur_openstack.api.compute.ports import (
    InstanceAddressPairsSerializer,
    InstancePortsSerializer,
    InstanceSecurityGroupsSerializer,
)
from waldur_openstack.api.network import NestedFloatingIPSerializer, NestedPortSerializer

CHANGES = (
    "update_security_groups", "update_ports", "update_floating_ips", "update_allowed_address_pairs",
    "assign_floating_ip", "unassign_floating_ip",
)  # fmt: skip


class InstanceNetworkActions(TenantObjectViewSet):
    """The actions of `InstanceViewSet` that concern the network."""

    network_access: ClassVar[dict[str, Access]] = {
        **dict.fromkeys(CHANGES, Holder(permission=Permission.OPENSTACK_INSTANCE_MANAGE)),
        "ports": Visible(),
        "floating_ips": Visible(),
        "diagnose_connectivity": Reads(),
    }
    network_preconditions: ClassVar[dict[str, Any]] = {
        **dict.fromkeys(CHANGES, (require_state(CoreState.OK),)),
        "update_ports": (require_state(CoreState.OK), require_runtime_state(*READY_SERVERS)),
    }

    @extend_schema(responses=NestedPortSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def ports(self, request: Request, uuid: str) -> Response:
        """The ports of the server."""
        return Response(
            NestedPortSerializer(self.get_object().ports.all(), many=True, context=self.get_serializer_context()).data
        )

    @extend_schema(responses=NestedFloatingIPSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def floating_ips(self, request: Request, uuid: str) -> Response:
        """The public addresses of the server."""
        addresses = self.get_object().floating_ips
        return Response(NestedFloatingIPSerializer(addresses, many=True, context=self.get_serializer_context()).data)

    @extend_schema(request=DiagnoseRequestSerializer, responses=DiagnoseResponseSerializer)
    @action(detail=True, methods=["post"])
    def diagnose_connectivity(self, request: Request, uuid: str) -> Response:
        """Why the server cannot be reached, or cannot reach another, as far as it is known here."""
        instance = self.get_object()
        serializer = DiagnoseRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(diagnose(instance, serializer.validated_data["target"]))

    @extend_schema(request=InstanceSecurityGroupsSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def update_security_groups(self, request: Request, uuid: str) -> Response:
        """Replace the security groups of the server."""
        return self.ask(InstanceSecurityGroupsSerializer, "security groups update was scheduled")

    @extend_schema(request=InstancePortsSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def update_ports(self, request: Request, uuid: str) -> Response:
        """Replace the ports of the server."""
        return self.ask(InstancePortsSerializer, "ports update was scheduled")

    @extend_schema(request=InstanceFloatingIPsSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def update_floating_ips(self, request: Request, uuid: str) -> Response:
        """Replace the public addresses of the server."""
        return self.ask(InstanceFloatingIPsSerializer, "floating IPs update was scheduled")

    @extend_schema(request=InstanceAddressPairsSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def update_allowed_address_pairs(self, request: Request, uuid: str) -> Response:
        """Replace the further addresses that the server may use on a subnet."""
        return self.ask(InstanceAddressPairsSerializer, "allowed address pairs update was scheduled")

    @extend_schema(request=AssignFloatingIPSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def assign_floating_ip(self, request: Request, uuid: str) -> Response:
        """Give the server a public address."""
        return self.ask(AssignFloatingIPSerializer, "assignment of floating IP was scheduled")

    @extend_schema(request=UnassignFloatingIPSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def unassign_floating_ip(self, request: Request, uuid: str) -> Response:
        """Take a public address off the server; the tenant keeps it."""
        return self.ask(UnassignFloatingIPSerializer, "removal of floating IP was scheduled")
