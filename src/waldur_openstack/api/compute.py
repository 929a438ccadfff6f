"""Servers: reading, deleting, power, console."""

from typing import Any, cast

import django_filters
from django.conf import settings
from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.errors import OperationError
from waldur_core.operations.start import start
from waldur_core.operations.workflow import UpdateWorkflow
from waldur_core.permissions.access import Holder, InBody
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import AnyOfFilter, LinkFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_core.structure.states import CoreState, require_runtime_state, require_state
from waldur_openstack.api.base import (
    BASE_FIELDS,
    ResourceViewSet,
    StatusSerializer,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.block_storage import NestedVolumeSerializer
from waldur_openstack.api.instance_actions import InstanceActions
from waldur_openstack.api.instance_create import InstanceCreateSerializer
from waldur_openstack.api.instance_network import InstanceNetworkActions
from waldur_openstack.api.network import NestedFloatingIPSerializer, NestedPortSerializer
from waldur_openstack.api.security import NestedSecurityGroupSerializer
from waldur_openstack.api.volume_actions import READY_SERVERS
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Port, SecurityGroupRule, ServerGroup, Volume
from waldur_openstack.workflows.compute import DeleteInstance, RestartInstance, StartInstance, StopInstance


class NestedServerGroupSerializer(ModelSerializer):
    url = LinkField("openstack-server-group-detail")

    class Meta:
        model = ServerGroup
        fields = ("url", "name", "policy", "state")


class InstanceSerializer(TenantObjectSerializer):
    url = LinkField("openstack-instance-detail")
    volumes = NestedVolumeSerializer(many=True, read_only=True)
    ports = NestedPortSerializer(many=True, read_only=True)
    security_groups = NestedSecurityGroupSerializer(many=True, read_only=True)
    floating_ips = NestedFloatingIPSerializer(many=True, read_only=True)
    server_group = NestedServerGroupSerializer(read_only=True)
    external_ips = serializers.SerializerMethodField()
    external_address = serializers.SerializerMethodField()
    internal_ips = serializers.SerializerMethodField()
    latitude = serializers.SerializerMethodField()
    longitude = serializers.SerializerMethodField()
    availability_zone = RelatedLinkField("openstack-instance-availability-zone-detail", read_only=True)
    availability_zone_name = serializers.CharField(source="availability_zone.name", read_only=True, default=None)
    hypervisor_hostname = serializers.SerializerMethodField()
    access_url = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = Instance
        fields = (
            *BASE_FIELDS, "start_time", "cores", "ram", "disk", "min_ram", "min_disk", "user_data", "external_ips",
            "internal_ips", "latitude", "longitude", "key_name", "key_fingerprint", "image_name", "flavor_disk",
            "flavor_name", "volumes", "security_groups", "server_group", "floating_ips", "ports", "availability_zone",
            "availability_zone_name", "connect_directly_to_external_network", "config_drive", "runtime_state", "action",
            "action_details", "tenant_uuid", "hypervisor_hostname", "tenant", "external_address", "metadata",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Instance) -> dict[str, Any]:
        data = super().to_representation(instance)
        if data.get("server_group", "") is None:
            del data["server_group"]  # clients cannot parse a null here
        if data.get("user_data") and not self._may_see_user_data(instance):
            data["user_data"] = ""
        return data

    def _may_see_user_data(self, instance: Instance) -> bool:
        """Decided once per project, not once per server."""
        from waldur_core.permissions.checks import has_permission

        known = cast(dict[str, Any], self.context).setdefault("_managed_projects", {})
        if instance.project_id not in known:
            scopes = [instance.project, instance.project.customer]
            user = self.context["request"].user
            known[instance.project_id] = has_permission(user, Permission.OPENSTACK_INSTANCE_MANAGE, scopes)
        return bool(known[instance.project_id])

    def get_external_ips(self, instance: Instance) -> list[str]:
        return instance.external_ips

    def get_external_address(self, instance: Instance) -> list[str]:
        return [address.external_address for address in instance.floating_ips if address.external_address]

    def get_internal_ips(self, instance: Instance) -> list[str]:
        return instance.internal_ips

    def get_latitude(self, instance: Instance) -> float | None:
        return instance.service_settings.options.get("latitude")

    def get_longitude(self, instance: Instance) -> float | None:
        return instance.service_settings.options.get("longitude")

    def get_hypervisor_hostname(self, instance: Instance) -> str:
        return instance.hypervisor_hostname if self._sees_internals() else ""

    def get_access_url(self, instance: Any) -> list[str]:
        return self.get_external_ips(instance)


class InstanceFilter(TenantObjectFilter):
    runtime_state = django_filters.CharFilter()
    availability_zone_name = django_filters.CharFilter(field_name="availability_zone__name")
    security_group = LinkFilter(field_name="security_groups")
    security_group_uuid = UUIDFilter(field_name="security_groups__uuid")
    external_ip = django_filters.CharFilter(field_name="ports__floating_ips__address", distinct=True)
    query = AnyOfFilter(paths=("name", "description", "backend_id", "flavor_name", "image_name"))

    class Meta:
        model = Instance
        fields = ()


class ConsoleSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()


class InstanceDeleteSerializer(serializers.Serializer[Any]):
    """How to delete a server (seed: Instance Deletion). `force_destroy` takes any state and every volume."""

    action = serializers.ChoiceField(choices=["destroy", "force_destroy"], default="destroy")
    force = serializers.BooleanField(default=False)
    delete_volumes = serializers.BooleanField(required=False)
    release_floating_ips = serializers.BooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["force"] = attrs["force"] or attrs["action"] == "force_destroy"
        # seed: `destroy`, when said, keeps the volumes; nobody said anything: they go
        keeps = self.initial_data.get("action") == "destroy" and not attrs["force"]
        attrs.setdefault("delete_volumes", not keeps)
        return attrs


def require_instance_deletable(instance: Instance, *, force: bool) -> None:
    """409 unless OK and SHUTOFF, or ERRED; with `force` any runtime state."""
    if instance.state not in (CoreState.OK, CoreState.ERRED):
        raise Conflict(f"The instance is {instance.state}; only one that is OK or ERRED can be deleted.")
    if instance.state == CoreState.OK and instance.runtime_state != "SHUTOFF" and not force:
        raise Conflict(f"The instance is {instance.runtime_state}. Stop it first, or use force_destroy.")


class CloudRefused(APIException):
    """A direct question to the cloud was refused or not answered (the error's own words)."""

    status_code = status.HTTP_400_BAD_REQUEST


RULES = SecurityGroupRule.objects.select_related("remote_group")
MANAGE = Holder(permission=Permission.OPENSTACK_INSTANCE_MANAGE)
POWER = Holder(permission=Permission.OPENSTACK_INSTANCE_MANAGE_POWER)


class InstanceViewSet(InstanceNetworkActions, InstanceActions):
    """Servers."""

    queryset = related(Instance.objects.all(), "tenant", "availability_zone", "server_group").prefetch_related(
        Prefetch("volumes", Volume.objects.select_related("type")),
        Prefetch("ports", Port.objects.select_related("subnet", "network")),
        "ports__floating_ips",
        "ports__security_groups",
        "security_groups",
        Prefetch("ports__security_groups__rules", RULES),
        Prefetch("security_groups__rules", RULES),
    )
    serializer_class = InstanceSerializer
    filterset_class = InstanceFilter
    ordering_fields = {**ResourceViewSet.ordering_fields, "start_time": "start_time"}
    access = {
        **ResourceViewSet.base_access,
        "create": InBody(permission=Permission.OPENSTACK_INSTANCE_MANAGE, on="tenant"),
        **dict.fromkeys(("destroy", "attach_volume", "detach_volume", "change_flavor"), MANAGE),
        **InstanceNetworkActions.network_access,
        "start": POWER,
        "stop": POWER,
        "restart": POWER,
        "console": Holder(permission=Permission.OPENSTACK_INSTANCE_CONSOLE_ACCESS),
        "open_console": Holder(permission=Permission.OPENSTACK_INSTANCE_CONSOLE_ACCESS),
    }
    non_atomic = frozenset({"open_console"})
    preconditions = {
        **InstanceNetworkActions.network_preconditions,
        "destroy": (require_state(CoreState.OK, CoreState.ERRED),),
        "start": (require_state(CoreState.OK), require_runtime_state("SHUTOFF")),
        "stop": (require_state(CoreState.OK), require_runtime_state("ACTIVE")),
        "restart": (require_state(CoreState.OK), require_runtime_state("ACTIVE")),
        "attach_volume": (require_state(CoreState.OK), require_runtime_state(*READY_SERVERS)),
        "change_flavor": (require_state(CoreState.OK), require_runtime_state("SHUTOFF")),
        "detach_volume": (require_state(CoreState.OK),),
        "console": (require_state(CoreState.OK),),
        "open_console": (require_state(CoreState.OK),),
    }

    @extend_schema(request=InstanceCreateSerializer, responses={201: InstanceSerializer})
    def create(self, request: Request) -> Response:
        """Create a server directly, without an order; the body names the tenant."""
        serializer = InstanceCreateSerializer.for_request(
            request, self.get_serializer_context(), Permission.OPENSTACK_INSTANCE_MANAGE
        )
        serializer.is_valid(raise_exception=True)
        return Response(self.get_serializer(serializer.save()).data, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[InstanceDeleteSerializer], responses={204: None})
    def destroy(self, request: Request, uuid: str) -> Response:
        """Delete the server; what happens to its volumes and floating IPs is said in the query."""
        instance = self.get_object()
        options = InstanceDeleteSerializer(data={**request.query_params.dict(), **_body(request)})
        options.is_valid(raise_exception=True)
        delete_instance(instance, request.user, options.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request: Request, uuid: str) -> Response:
        """Power on."""
        return self._schedule(StartInstance, "start was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, uuid: str) -> Response:
        """Power off."""
        return self._schedule(StopInstance, "stop was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, uuid: str) -> Response:
        """Reboot, letting the operating system shut down."""
        return self._schedule(RestartInstance, "restart was scheduled")

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
        instance = self.get_object()
        allowed = settings.WALDUR_OPENSTACK["ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS"]
        if not allowed and not request.user.is_staff:
            raise PermissionDenied("The operator has turned console access off.")
        if not instance.backend_id:
            raise Conflict("The instance does not exist in the cloud.")
        options = instance.service_settings.options
        cloud = Cloud.of(instance.service_settings).in_project(instance.tenant.backend_id)
        try:
            url = cloud.compute.console(instance.backend_id, options.get("console_type") or "novnc")
        except OperationError as error:
            raise CloudRefused(error.message) from error
        return Response({"url": _override_domain(url, options.get("console_domain_override"))})

    def _schedule(self, workflow: type[UpdateWorkflow], detail: str) -> Response:
        return self.scheduled(start(workflow, self.get_object(), user=self.request.user), detail)


def delete_instance(instance: Instance, user: Any, options: dict[str, Any]) -> Any:
    """Start the deletion of a server with validated options (InstanceDeleteSerializer)."""
    require_instance_deletable(instance, force=options["force"])
    parameters = {key: options[key] for key in ("delete_volumes", "release_floating_ips")}
    return start(DeleteInstance, instance, user=user, parameters=parameters)


def _body(request: Request) -> dict[str, Any]:
    return request.data if isinstance(request.data, dict) else {}


def _override_domain(url: str, domain: str | None) -> str:
    if not domain:
        return url
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    port = host.partition(":")[2]
    return f"{scheme}://{domain}{':' + port if port and ':' not in domain else ''}{slash}{path}"
