"""Schedules of snapshots and backups as they are shown and asked for, and the actions that make them."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.rest.serializers import LinkField, RelatedLinkField
from waldur_core.structure.states import CoreState
from waldur_openstack.api.base import BASE_FIELDS, TenantObjectSerializer
from waldur_openstack.api.block_storage.shared import SourceSerializer, operated, saved
from waldur_openstack.api.tenant_scope import UpdateSerializer, require_tenant
from waldur_openstack.copies import crontab
from waldur_openstack.copies.schedules import activate
from waldur_openstack.models import BackupSchedule, Instance, SnapshotSchedule, Volume
from waldur_openstack.models.copies import Schedule

LONGEST_DAYS = 36500
SCHEDULE_FIELDS = (
    *BASE_FIELDS, "schedule", "timezone", "retention_time", "maximal_number_of_resources", "is_active",
    "next_trigger_at", "call_count", "tenant", "tenant_name", "tenant_uuid",
)  # fmt: skip


class SnapshotScheduleSerializer(TenantObjectSerializer):
    url = LinkField("openstack-snapshot-schedule-detail")
    source_volume = RelatedLinkField("openstack-volume-detail", read_only=True)
    source_volume_name = serializers.CharField(source="source_volume.name", read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = SnapshotSchedule
        fields = (*SCHEDULE_FIELDS, "source_volume", "source_volume_name")
        read_only_fields = fields


class BackupScheduleSerializer(TenantObjectSerializer):
    url = LinkField("openstack-backup-schedule-detail")
    instance = RelatedLinkField("openstack-instance-detail", read_only=True)
    instance_name = serializers.CharField(source="instance.name", read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = BackupSchedule
        fields = (*SCHEDULE_FIELDS, "instance", "instance_name")
        read_only_fields = fields


class TimingSerializer(serializers.Serializer[Any]):
    """When, and how much is kept."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    schedule = serializers.CharField(max_length=100, help_text="A crontab line: minute hour day month weekday.")
    timezone = serializers.CharField(required=False, help_text="Its clock, such as Europe/Tallinn; UTC by default.")
    retention_time = serializers.IntegerField(
        min_value=0, max_value=LONGEST_DAYS, required=False, help_text="Days to keep each copy; 0: for ever."
    )
    maximal_number_of_resources = serializers.IntegerField(
        min_value=0, max_value=32767, required=False, help_text="When there are more, the oldest goes; 0: no limit."
    )

    def validate_schedule(self, line: str) -> str:
        """Its fields one space apart."""
        try:
            never = crontab.next_time(line, ZoneInfo("UTC"), timezone.now()) is None
        except ValueError as error:
            text = "This is not a crontab line such as `30 2 * * 1-5` (minute, hour, day, month, day of the week)"
            raise ValidationError(f"{text}: {error}.") from error
        if never:
            raise ValidationError("This never happens: the month has no such day.")
        return " ".join(line.split())

    def validate_timezone(self, name: str) -> str:
        if name not in available_timezones():
            raise ValidationError("There is no such time zone. Give one such as Europe/Tallinn or UTC.")
        return name


class ScheduleCreateSerializer(TimingSerializer, SourceSerializer):
    """A new schedule, at work from now on."""

    model: ClassVar[Any]

    def create(self, validated: dict[str, Any]) -> Schedule:
        columns = {self.source_key: self.object, "tenant": self.tenant, **validated}
        schedule: Schedule = self.model(state=CoreState.OK, **columns)
        activate(schedule)
        text = f"Schedule {schedule} has been created."
        record("resource_creation_succeeded", text, scope=schedule, actor=self.user)
        return schedule


class SnapshotScheduleCreateSerializer(ScheduleCreateSerializer):
    source_key, sources, model = "source_volume", Volume.objects.all(), SnapshotSchedule


class BackupScheduleCreateSerializer(ScheduleCreateSerializer):
    source_key, sources, model = "instance", Instance.objects.all(), BackupSchedule


class ScheduleUpdateSerializer(TimingSerializer, UpdateSerializer):
    """What is not named stays. The next time is found anew, and an active schedule's error forgotten."""

    local = frozenset({"name", "description", "schedule", "timezone", "retention_time", "maximal_number_of_resources"})

    @transaction.atomic
    def update(self, instance: Any, validated: dict[str, Any]) -> Any:
        schedule = super().update(instance, validated)
        if schedule.is_active:
            activate(schedule)
        return schedule


class SchedulesOfVolume:
    """The action on a volume that makes a schedule."""

    schedule_access: ClassVar = operated("create_snapshot_schedule")
    schedule_preconditions: ClassVar = {"create_snapshot_schedule": (require_tenant,)}

    @extend_schema(request=SnapshotScheduleCreateSerializer, responses={201: SnapshotScheduleSerializer})
    @action(detail=True, methods=["post"])
    def create_snapshot_schedule(self: Any, request: Request, uuid: str) -> Response:
        """Have snapshots of the volume made again and again."""
        schedule = saved(self, SnapshotScheduleCreateSerializer)
        body = SnapshotScheduleSerializer(schedule, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_201_CREATED)


class SchedulesOfInstance:
    """The action on a server that makes a schedule."""

    schedule_access: ClassVar = operated("create_backup_schedule")
    schedule_preconditions: ClassVar = {"create_backup_schedule": (require_tenant,)}

    @extend_schema(request=BackupScheduleCreateSerializer, responses={201: BackupScheduleSerializer})
    @action(detail=True, methods=["post"])
    def create_backup_schedule(self: Any, request: Request, uuid: str) -> Response:
        """Have backups of the instance made again and again."""
        schedule = saved(self, BackupScheduleCreateSerializer)
        body = BackupScheduleSerializer(schedule, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_201_CREATED)
