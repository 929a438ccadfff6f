"""Public addresses: taking, attaching, detaching, giving back; directly and by way of their tenant."""

from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.permissions.access import Holder, InBody
from waldur_core.permissions.strings import Permission
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack import quotas
from waldur_openstack.api.base import ResourceViewSet, StatusSerializer, related
from waldur_openstack.api.network import FloatingIPFilter, FloatingIPSerializer
from waldur_openstack.api.tenant_scope import InTenantSerializer, OwnLinkField, require_tenant
from waldur_openstack.models import FloatingIP, Port, Router
from waldur_openstack.workflows.network import (
    AttachFloatingIP,
    CreateFloatingIP,
    DeleteFloatingIP,
    DescribeFloatingIP,
    DetachFloatingIP,
)

MANAGE = Holder(permission=Permission.OPENSTACK_TENANT_MANAGE)
CHANGEABLE = (require_tenant, require_state(CoreState.OK))


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


class FloatingIPAttachSerializer(serializers.Serializer[Any]):
    """Which port; the context holds `tenant`."""

    port = OwnLinkField("openstack-port-detail", queryset=Port.objects.all())

    def validate_port(self, port: Port) -> Port:
        if port.device_owner.startswith("network:"):
            raise ValidationError("This port belongs to the network itself.")
        if port.state != CoreState.OK:
            raise Conflict(f"The port is {port.state}; it must be OK.")
        if port.floating_ips.exists():
            raise Conflict("The port has a floating IP already. Detach it first.")
        return port


class FloatingIPDescriptionSerializer(serializers.Serializer[Any]):
    description = serializers.CharField(allow_blank=True, default="", max_length=255)


def require_free(address: FloatingIP) -> None:
    """409 while the address is attached: it is never taken away from where it is."""
    if address.port_id:
        raise Conflict(f"The floating IP is attached to port {address.port}. Detach it first.")


def require_attached(address: FloatingIP) -> None:
    if not address.port_id:
        raise Conflict("The floating IP is not attached to a port.")


class FloatingIPViewSet(ResourceViewSet):
    """Public addresses."""

    queryset = related(FloatingIP.objects.all(), "tenant", "port__instance")
    serializer_class = FloatingIPSerializer
    filterset_class = FloatingIPFilter
    access = {
        **ResourceViewSet.base_access,
        "create": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="tenant"),
        "destroy": MANAGE,
        "attach_to_port": MANAGE,
        "assign": MANAGE,
        "detach_from_port": MANAGE,
        "unassign": MANAGE,
        "update_description": MANAGE,
    }
    preconditions = {
        "destroy": (require_tenant, require_state(CoreState.OK, CoreState.ERRED)),
        "attach_to_port": (*CHANGEABLE, require_free),
        "assign": (*CHANGEABLE, require_free),
        "detach_from_port": (*CHANGEABLE, require_attached),
        "unassign": (*CHANGEABLE, require_attached),
        "update_description": CHANGEABLE,
    }

    @extend_schema(request=FloatingIPCreateSerializer, responses={201: FloatingIPSerializer})
    def create(self, request: Request) -> Response:
        """Take an address; the body names the tenant."""
        context = self.get_serializer_context()
        serializer = FloatingIPCreateSerializer.for_request(request, context, Permission.OPENSTACK_TENANT_MANAGE)
        serializer.is_valid(raise_exception=True)
        return Response(self.get_serializer(serializer.save()).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uuid: str) -> Response:
        """Give the address back."""
        start(DeleteFloatingIP, self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=FloatingIPAttachSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def attach_to_port(self, request: Request, uuid: str) -> Response:
        """Attach the address to a port of the same tenant."""
        return self._attach(request)

    @extend_schema(request=FloatingIPAttachSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, uuid: str) -> Response:
        """The same by its other name."""
        return self._attach(request)

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def detach_from_port(self, request: Request, uuid: str) -> Response:
        """Detach the address from its port."""
        return self._detach(request)

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def unassign(self, request: Request, uuid: str) -> Response:
        """The same by its other name."""
        return self._detach(request)

    @extend_schema(request=FloatingIPDescriptionSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def update_description(self, request: Request, uuid: str) -> Response:
        """Change the description."""
        address: FloatingIP = self.get_object()
        serializer = FloatingIPDescriptionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        address.description = serializer.validated_data["description"]
        address.save(update_fields=["description", "modified"])
        return self.scheduled(start(DescribeFloatingIP, address, user=request.user), "update was scheduled")

    def _attach(self, request: Request) -> Response:
        address: FloatingIP = self.get_object()
        context = {**self.get_serializer_context(), "tenant": address.tenant}
        serializer = FloatingIPAttachSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        parameters = {"port": serializer.validated_data["port"].uuid.hex}
        operation = start(AttachFloatingIP, address, user=request.user, parameters=parameters)
        return self.scheduled(operation, "attaching was scheduled")

    def _detach(self, request: Request) -> Response:
        operation = start(DetachFloatingIP, self.get_object(), user=request.user)
        return self.scheduled(operation, "detaching was scheduled")


class FloatingIPsOfTenant:
    """The action on a tenant that takes an address."""

    address_access: ClassVar = {"create_floating_ip": MANAGE}
    address_preconditions: ClassVar = {"create_floating_ip": (require_state(CoreState.OK),)}

    @extend_schema(request=FloatingIPCreateSerializer, responses=FloatingIPSerializer)
    @action(detail=True, methods=["post"])
    def create_floating_ip(self: Any, request: Request, uuid: str) -> Response:
        """Take a public address for the tenant."""
        context = {**self.get_serializer_context(), "tenant": self.get_object(), "user": request.user}
        serializer = FloatingIPCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return Response(FloatingIPSerializer(serializer.save(), context=context).data)
