"""Public addresses: taking, attaching, detaching, giving back; directly and by way of their tenant."""

from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack import quotas
from waldur_openstack.api.base import StatusSerializer, related
from waldur_openstack.api.changing import CHANGEABLE, IN_BODY, REMOVABLE, Creates, Deletes, managed
from waldur_openstack.api.network.floating_ips import FloatingIPFilter, FloatingIPSerializer
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.api.tenant_scope import ActionSerializer, InTenantSerializer, OwnLinkField
from waldur_openstack.models import FloatingIP, Port, Router
from waldur_openstack.workflows.network import (
    AttachFloatingIP,
    CreateFloatingIP,
    DeleteFloatingIP,
    DescribeFloatingIP,
    DetachFloatingIP,
)
from waldur_openstack.workflows.pulling import PullFloatingIP


class FloatingIPCreateSerializer(InTenantSerializer):
    """An address of the network that the tenant, or the router that is named, goes out by."""

    router = OwnLinkField("openstack-router-detail", queryset=Router.objects.all(), required=False, allow_null=True)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)

    def validate_router(self, router: Router | None) -> Router | None:
        if router and not router.external_network_id:
            raise ValidationError("The router has no external gateway.")
        return router

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        router = attrs.pop("router", None)
        attrs["backend_network_id"] = router.external_network_id if router else self.tenant.external_network_id
        if not attrs["backend_network_id"]:
            raise Conflict("The tenant is not connected to an external network.")
        return attrs

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> FloatingIP:
        """The row, its quota, and the operation that makes it real."""
        counters.change(self.tenant, quotas.OF_FLOATING_IP)
        address = FloatingIP.objects.create(tenant=self.tenant, **validated)
        start(CreateFloatingIP, address, user=self.context["user"])
        return address


class FloatingIPAttachSerializer(ActionSerializer):
    """Which port."""

    port = OwnLinkField("openstack-port-detail", queryset=Port.objects.all())

    def validate_port(self, port: Port) -> Port:
        if port.device_owner.startswith("network:"):
            raise ValidationError("This port belongs to the network itself.")
        if port.state != CoreState.OK:
            raise Conflict(f"The port is {port.state}; it must be OK.")
        if port.floating_ips.exists():
            raise Conflict("The port has a floating IP already. Detach it first.")
        return port

    def create(self, validated: dict[str, Any]) -> Operation:
        return start(AttachFloatingIP, self.object, user=self.user, parameters={"port": validated["port"].uuid.hex})


class FloatingIPDescriptionSerializer(ActionSerializer):
    description = serializers.CharField(allow_blank=True, default="", max_length=255)

    def create(self, validated: dict[str, Any]) -> Operation:
        address: FloatingIP = self.object
        address.description = validated["description"]
        address.save(update_fields=["description", "modified"])
        return start(DescribeFloatingIP, address, user=self.user)


def require_free(address: FloatingIP) -> None:
    """409 while the address is attached: it is never taken away from where it is."""
    if address.port_id:
        raise Conflict(f"The floating IP is attached to port {address.port}. Detach it first.")


def require_attached(address: FloatingIP) -> None:
    if not address.port_id:
        raise Conflict("The floating IP is not attached to a port.")


class FloatingIPViewSet(Creates, Deletes, Pulls):
    """Public addresses."""

    queryset = related(FloatingIP.objects.all(), "tenant", "port__instance")
    serializer_class = FloatingIPSerializer
    workflows = {
        "assign": "openstack.floating_ip.attach",
        "attach_to_port": "openstack.floating_ip.attach",
        "create": "openstack.floating_ip.create",
        "detach_from_port": "openstack.floating_ip.detach",
        "unassign": "openstack.floating_ip.detach",
        "update_description": "openstack.floating_ip.update",
    }
    filterset_class = FloatingIPFilter
    request_serializers = {"create": FloatingIPCreateSerializer}
    delete_workflow = DeleteFloatingIP
    pull_workflow = PullFloatingIP
    access = {
        **Pulls.base_access,
        "create": IN_BODY,
        **managed("destroy", "attach_to_port", "assign", "detach_from_port", "unassign", "update_description"),
    }
    preconditions = {
        "destroy": REMOVABLE,
        "attach_to_port": (*CHANGEABLE, require_free),
        "assign": (*CHANGEABLE, require_free),
        "detach_from_port": (*CHANGEABLE, require_attached),
        "unassign": (*CHANGEABLE, require_attached),
        "update_description": CHANGEABLE,
    }

    @extend_schema(request=FloatingIPAttachSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def attach_to_port(self, request: Request, uuid: str) -> Response:
        """Attach the address to a port of the same tenant."""
        return self.ask(FloatingIPAttachSerializer, "attaching was scheduled")

    @extend_schema(request=FloatingIPAttachSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, uuid: str) -> Response:
        """The same by its other name."""
        return self.ask(FloatingIPAttachSerializer, "attaching was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def detach_from_port(self, request: Request, uuid: str) -> Response:
        """Detach the address from its port."""
        return self.begin(DetachFloatingIP, "detaching was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def unassign(self, request: Request, uuid: str) -> Response:
        """The same by its other name."""
        return self.begin(DetachFloatingIP, "detaching was scheduled")

    @extend_schema(request=FloatingIPDescriptionSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def update_description(self, request: Request, uuid: str) -> Response:
        """Change the description."""
        return self.ask(FloatingIPDescriptionSerializer, "update was scheduled")


class FloatingIPsOfTenant:
    """The action on a tenant that takes an address."""

    address_access: ClassVar = managed("create_floating_ip")
    address_preconditions: ClassVar = {"create_floating_ip": (require_state(CoreState.OK),)}

    @extend_schema(request=FloatingIPCreateSerializer, responses=FloatingIPSerializer)
    @action(detail=True, methods=["post"])
    def create_floating_ip(self: Any, request: Request, uuid: str) -> Response:
        """Take a public address for the tenant."""
        context = self.context_of(self.get_object())
        serializer = FloatingIPCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return Response(FloatingIPSerializer(serializer.save(), context=context).data)
