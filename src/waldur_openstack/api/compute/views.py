"""Servers: all that can be asked of them."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Holder, InBody
from waldur_core.permissions.strings import Permission
from waldur_core.structure.states import CoreState, require_runtime_state, require_state
from waldur_openstack.api.base import ResourceViewSet, StatusSerializer, related
from waldur_openstack.api.block_storage.backups import BackupsOfInstance
from waldur_openstack.api.block_storage.schedules import SchedulesOfInstance
from waldur_openstack.api.block_storage.volume_actions import READY_SERVERS
from waldur_openstack.api.changing import CHANGEABLE, PROVIDER, Updates
from waldur_openstack.api.compute.actions import InstanceActions
from waldur_openstack.api.compute.changes import (
    InstanceMetadataSerializer,
    InstanceRescueSerializer,
    InstanceUpdateSerializer,
)
from waldur_openstack.api.compute.create import InstanceCreateSerializer
from waldur_openstack.api.compute.deletion import InstanceDeleteSerializer, delete_instance
from waldur_openstack.api.compute.filters import InstanceFilter, with_addresses
from waldur_openstack.api.compute.networking import InstanceNetworkActions
from waldur_openstack.api.compute.questions import InstanceQuestions
from waldur_openstack.api.compute.serializers import InstanceSerializer
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.models import Instance, Port, SecurityGroupRule, Volume
from waldur_openstack.workflows.compute import RestartInstance, StartInstance, StopInstance, UnrescueInstance
from waldur_openstack.workflows.pulling import PullInstance

RULES = SecurityGroupRule.objects.select_related("remote_group")
MANAGE = Holder(permission=Permission.OPENSTACK_INSTANCE_MANAGE)
RESCUED = ("RESCUE", "RESCUED")  # Nova's word, and that of published clients
POWER = Holder(permission=Permission.OPENSTACK_INSTANCE_MANAGE_POWER)


class InstanceViewSet(
    InstanceQuestions,
    InstanceNetworkActions,
    InstanceActions,
    BackupsOfInstance,
    SchedulesOfInstance,
    Updates,
    Pulls,
):
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
    workflows = {
        "assign_floating_ip": "openstack.instance.assign_floating_ip",
        "attach_volume": "openstack.volume.attach",
        "backup": "openstack.backup.create",
        "change_flavor": "openstack.instance.change_flavor",
        "create": "openstack.instance.create",
        "destroy": "openstack.instance.delete",
        "detach_volume": "openstack.volume.detach",
        "rescue": "openstack.instance.rescue",
        "restart": "openstack.instance.restart",
        "set_metadata": "openstack.instance.set_metadata",
        "start": "openstack.instance.start",
        "stop": "openstack.instance.stop",
        "unassign_floating_ip": "openstack.instance.unassign_floating_ip",
        "unrescue": "openstack.instance.unrescue",
        "update_allowed_address_pairs": "openstack.instance.update_allowed_address_pairs",
        "update_floating_ips": "openstack.instance.update_floating_ips",
        "update_ports": "openstack.instance.update_ports",
        "update_security_groups": "openstack.instance.update_security_groups",
    }
    filterset_class = InstanceFilter
    ordering_fields = {
        **ResourceViewSet.ordering_fields,
        "start_time": "start_time",
        "ip_address": "lowest_internal_ip",
        "external_ips": "lowest_external_ip",
    }
    request_serializers = {"update": InstanceUpdateSerializer, "partial_update": InstanceUpdateSerializer}
    pull_workflow = PullInstance
    provider_actions = frozenset({"placement_allocations"})
    access = {
        **Pulls.base_access,
        "create": InBody(permission=Permission.OPENSTACK_INSTANCE_MANAGE, on="tenant"),
        **dict.fromkeys(("update", "partial_update", "destroy", "set_metadata", "rescue", "unrescue"), MANAGE),
        **dict.fromkeys(("attach_volume", "detach_volume", "change_flavor", "console_log", "read_console_log"), MANAGE),
        "start": POWER,
        "stop": POWER,
        "restart": POWER,
        "console": Holder(permission=Permission.OPENSTACK_INSTANCE_CONSOLE_ACCESS),
        "open_console": Holder(permission=Permission.OPENSTACK_INSTANCE_CONSOLE_ACCESS),
        "placement_allocations": PROVIDER,
        **InstanceNetworkActions.network_access,
        **BackupsOfInstance.backup_access,
        **SchedulesOfInstance.schedule_access,
    }
    non_atomic = frozenset({"open_console", "read_console_log"})
    preconditions = {
        **InstanceNetworkActions.network_preconditions,
        **BackupsOfInstance.backup_preconditions,
        **SchedulesOfInstance.schedule_preconditions,
        "destroy": (require_state(CoreState.OK, CoreState.ERRED),),
        "update": CHANGEABLE,
        "partial_update": CHANGEABLE,
        "set_metadata": CHANGEABLE,
        "rescue": (*CHANGEABLE, require_runtime_state("ACTIVE", "SHUTOFF")),
        "unrescue": (*CHANGEABLE, require_runtime_state(*RESCUED)),
        "start": (require_state(CoreState.OK), require_runtime_state("SHUTOFF")),
        "stop": (require_state(CoreState.OK), require_runtime_state("ACTIVE")),
        "restart": (require_state(CoreState.OK), require_runtime_state("ACTIVE")),
        "attach_volume": (require_state(CoreState.OK), require_runtime_state(*READY_SERVERS)),
        "change_flavor": (require_state(CoreState.OK), require_runtime_state("SHUTOFF")),
        "detach_volume": (require_state(CoreState.OK),),
        "console": (require_state(CoreState.OK),),
        "open_console": (require_state(CoreState.OK),),
    }

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Addresses are looked for only when the list is sorted by them."""
        keys = ",".join(self.request.query_params.getlist("o"))
        by_address = "ip_address" in keys or "external_ips" in keys
        return super().filter_queryset(with_addresses(queryset) if by_address else queryset)

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
        return self.begin(StartInstance, "start was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, uuid: str) -> Response:
        """Power off."""
        return self.begin(StopInstance, "stop was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, uuid: str) -> Response:
        """Reboot, letting the operating system shut down."""
        return self.begin(RestartInstance, "restart was scheduled")

    @extend_schema(request=InstanceRescueSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def rescue(self, request: Request, uuid: str) -> Response:
        """Boot from another image, to repair what does not boot any more."""
        return self.ask(InstanceRescueSerializer, "rescue was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def unrescue(self, request: Request, uuid: str) -> Response:
        """Boot from the own disk again."""
        return self.begin(UnrescueInstance, "unrescue was scheduled")

    @extend_schema(request=InstanceMetadataSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_metadata(self, request: Request, uuid: str) -> Response:
        """Replace all metadata."""
        return self.ask(InstanceMetadataSerializer, "metadata update was scheduled")


def _body(request: Request) -> dict[str, Any]:
    return request.data if isinstance(request.data, dict) else {}
