"""Schedules at their own addresses. Kept here only: nothing of them is in a cloud."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import InBody
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import BooleanFilter, LinkFilter, UUIDFilter
from waldur_openstack.api.base import ResourceViewSet, TenantObjectFilter, related
from waldur_openstack.api.block_storage.schedules import (
    BackupScheduleCreateSerializer,
    BackupScheduleSerializer,
    ScheduleUpdateSerializer,
    SnapshotScheduleCreateSerializer,
    SnapshotScheduleSerializer,
)
from waldur_openstack.api.block_storage.shared import operated
from waldur_openstack.api.changing import Creates, Updates
from waldur_openstack.api.tenant_scope import require_tenant
from waldur_openstack.copies.schedules import activate, deactivate
from waldur_openstack.models import BackupSchedule, SnapshotSchedule
from waldur_openstack.models.copies import Schedule


def require_inactive(schedule: Schedule) -> None:
    if schedule.is_active:
        raise Conflict("The schedule is active already.")


def require_active(schedule: Schedule) -> None:
    if not schedule.is_active:
        raise Conflict("The schedule is not active.")


class ScheduleFilter(TenantObjectFilter):
    is_active = BooleanFilter()


class SnapshotScheduleFilter(ScheduleFilter):
    source_volume = LinkFilter()
    source_volume_uuid = UUIDFilter(field_name="source_volume__uuid")

    class Meta:
        model = SnapshotSchedule
        fields = ()


class BackupScheduleFilter(ScheduleFilter):
    instance = LinkFilter()
    instance_uuid = UUIDFilter(field_name="instance__uuid")

    class Meta:
        model = BackupSchedule
        fields = ()


class ScheduleViewSet(Creates, Updates):
    """The base of both."""

    schedule_access: ClassVar = {
        **ResourceViewSet.base_access,
        **operated("update", "partial_update", "destroy", "activate", "deactivate"),
    }
    preconditions = {
        "update": (require_tenant,),
        "partial_update": (require_tenant,),
        "activate": (require_tenant, require_inactive),
        "deactivate": (require_active,),
    }

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uuid: str) -> Response:
        """Delete the schedule; the copies that it has made stay."""
        schedule: Schedule = self.get_object()
        text = f"Schedule {schedule} has been deleted."
        record("resource_deletion_succeeded", text, scope=schedule, actor=request.user)
        schedule.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, uuid: str) -> Response:
        """Go to work; an earlier error is forgotten."""
        schedule: Schedule = self.get_object()
        activate(schedule)
        return Response({"status": "the schedule is active", **self.get_serializer(schedule).data})

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, uuid: str) -> Response:
        """Rest."""
        schedule: Schedule = self.get_object()
        deactivate(schedule)
        return Response({"status": "the schedule rests", **self.get_serializer(schedule).data})


class SnapshotScheduleViewSet(ScheduleViewSet):
    """Snapshots of a volume, again and again."""

    queryset = related(SnapshotSchedule.objects.all(), "tenant", "source_volume")
    serializer_class = SnapshotScheduleSerializer
    filterset_class = SnapshotScheduleFilter
    request_serializers = {
        "create": SnapshotScheduleCreateSerializer,
        "update": ScheduleUpdateSerializer,
        "partial_update": ScheduleUpdateSerializer,
    }
    access = {
        **ScheduleViewSet.schedule_access,
        "create": InBody(permission=Permission.OPENSTACK_INSTANCE_MANAGE, on="source_volume"),
    }


class BackupScheduleViewSet(ScheduleViewSet):
    """Backups of a server, again and again."""

    queryset = related(BackupSchedule.objects.all(), "tenant", "instance")
    serializer_class = BackupScheduleSerializer
    filterset_class = BackupScheduleFilter
    request_serializers = {
        "create": BackupScheduleCreateSerializer,
        "update": ScheduleUpdateSerializer,
        "partial_update": ScheduleUpdateSerializer,
    }
    access = {
        **ScheduleViewSet.schedule_access,
        "create": InBody(permission=Permission.OPENSTACK_INSTANCE_MANAGE, on="instance"),
    }
