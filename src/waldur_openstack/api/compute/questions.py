"""What is asked of the cloud directly: the console, its log, and where a server takes its resources from."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.errors import NotFound
from waldur_openstack.api.asking import asking, require_in_cloud
from waldur_openstack.api.changing import TenantObjectViewSet
from waldur_openstack.models import Instance

MOST_LINES = 100_000


class ConsoleSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()


class ConsoleLogSerializer(serializers.Serializer[Any]):
    length = serializers.IntegerField(
        min_value=1, max_value=MOST_LINES, required=False, help_text="How many lines, from the end; all by default."
    )


class PlacementAllocationSerializer(serializers.Serializer[Any]):
    """What the server takes from one provider of resources, such as a hypervisor."""

    resource_provider_uuid = serializers.CharField()
    resource_provider_name = serializers.CharField()
    resources = serializers.DictField(child=serializers.IntegerField(), help_text="Amounts by resource class.")


LENGTH = OpenApiParameter("length", int, description="How many lines, from the end.")


class InstanceQuestions(TenantObjectViewSet):
    """Actions of `InstanceViewSet` that answer with what the cloud says now."""

    @extend_schema(responses=ConsoleSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def console(self, request: Request, uuid: str) -> Response:
        """The URL of the graphical console, fresh from the cloud."""
        return self._console(request)

    @extend_schema(request=None, responses=ConsoleSerializer)
    @console.mapping.post
    def open_console(self, request: Request, uuid: str) -> Response:
        """The same; for clients that post."""
        return self._console(request)

    def _console(self, request: Request) -> Response:
        instance: Instance = self.get_object()
        allowed = settings.WALDUR_OPENSTACK["ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS"]
        if not allowed and not request.user.is_staff:
            raise PermissionDenied("The operator has turned console access off.")
        require_in_cloud(instance)
        options = instance.service_settings.options
        with asking(instance.tenant) as cloud:
            url = cloud.compute.console(instance.backend_id, options.get("console_type") or "novnc")
        return Response({"url": _override_domain(url, options.get("console_domain_override"))})

    @extend_schema(parameters=[LENGTH], responses={200: str}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def console_log(self, request: Request, uuid: str) -> Response:
        """What the server has written to its serial console."""
        return self._console_log(request.query_params.dict())

    @extend_schema(request=ConsoleLogSerializer, responses={200: str})
    @console_log.mapping.post
    def read_console_log(self, request: Request, uuid: str) -> Response:
        """The same; for clients that post."""
        return self._console_log(request.data)

    def _console_log(self, data: Any) -> Response:
        instance: Instance = self.get_object()
        require_in_cloud(instance)
        serializer = ConsoleLogSerializer(data=data)
        serializer.is_valid(raise_exception=True)
        with asking(instance.tenant) as cloud:
            log = cloud.compute.console_log(instance.backend_id, serializer.validated_data.get("length"))
        return Response(log)

    @extend_schema(responses=PlacementAllocationSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def placement_allocations(self, request: Request, uuid: str) -> Response:
        """What the server takes from which hypervisor; empty when the cloud does not tell."""
        instance: Instance = self.get_object()
        require_in_cloud(instance)
        with asking(instance.tenant) as cloud:
            if not cloud.placement.is_offered():
                return Response([])
            try:
                found = cloud.placement.allocations(instance.backend_id)
            except NotFound:
                found = []
        return Response(PlacementAllocationSerializer(found, many=True).data)


def _override_domain(url: str, domain: str | None) -> str:
    if not domain:
        return url
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    port = host.partition(":")[2]
    return f"{scheme}://{domain}{':' + port if port and ':' not in domain else ''}{slash}{path}"
