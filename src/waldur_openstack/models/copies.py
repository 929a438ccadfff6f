"""Copies of volumes: snapshots, backups of whole servers, the schedules that make them, and what was restored."""

from typing import Any, ClassVar

from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_core.secrets.fields import EncryptedTextField
from waldur_openstack.models.block_storage import Volume, gigabytes_of
from waldur_openstack.models.compute import Flavor, Instance
from waldur_openstack.models.identity import TenantObject


class Schedule(TenantObject):
    """Makes copies again and again. Kept here only: no cloud knows of it, so its state is OK or ERRED.

    `schedule` is a crontab line in `timezone`; `retention_time` is days, 0 for ever; when there are more copies than
    `maximal_number_of_resources` (0: no limit) the oldest goes.
    """

    schedule = models.CharField(max_length=100)
    timezone = models.CharField(max_length=50, default="UTC")
    retention_time = models.PositiveIntegerField(default=0)
    maximal_number_of_resources = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=False)
    next_trigger_at = models.DateTimeField(null=True)
    call_count = models.PositiveIntegerField(default=0)

    class Meta(TenantObject.Meta):
        abstract = True


class SnapshotSchedule(Schedule):
    """Snapshots of one volume."""

    source_volume = models.ForeignKey(Volume, on_delete=models.CASCADE, related_name="snapshot_schedules")

    resource_type: ClassVar = "OpenStack.SnapshotSchedule"

    class Meta(Schedule.Meta):
        verbose_name = "snapshot schedule"


class BackupSchedule(Schedule):
    """Backups of one server."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="backup_schedules")

    resource_type: ClassVar = "OpenStack.BackupSchedule"

    class Meta(Schedule.Meta):
        verbose_name = "backup schedule"


class Snapshot(TenantObject):
    """The contents of a volume at one moment. `size` in MiB; kept for ever without `kept_until`."""

    source_volume = models.ForeignKey(Volume, null=True, on_delete=models.SET_NULL, related_name="snapshots")
    size = models.PositiveIntegerField()
    metadata = models.JSONField(default=dict, blank=True)
    kept_until = models.DateTimeField(null=True)
    snapshot_schedule = models.ForeignKey(
        SnapshotSchedule, null=True, on_delete=models.SET_NULL, related_name="snapshots"
    )
    runtime_state = models.CharField(max_length=50, blank=True, default="")
    action = models.CharField(max_length=50, blank=True, default="")
    action_details = models.JSONField(default=dict, blank=True)

    resource_type: ClassVar = "OpenStack.Snapshot"

    class Meta(TenantObject.Meta):
        verbose_name = "snapshot"
        indexes = (models.Index(fields=("name", "id")),)

    @property
    def gigabytes(self) -> int:
        """The size as the cloud counts it."""
        return gigabytes_of(self.size)


class SnapshotRestoration(IdentifiedModel):
    """A volume that was made from a snapshot."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="restorations")
    volume = models.OneToOneField(Volume, on_delete=models.CASCADE, related_name="restoration")

    visible_through: ClassVar = ("volume__project", "volume__project__customer")

    class Meta:
        ordering = ("created",)


class Backup(TenantObject):
    """A server at one moment: a snapshot of each volume, and what is needed to build it again (`metadata`)."""

    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="backups")
    snapshots = models.ManyToManyField(Snapshot, related_name="backups")
    metadata = models.JSONField(default=dict, blank=True)
    user_data: Any = EncryptedTextField(blank=True, default="")
    kept_until = models.DateTimeField(null=True)
    backup_schedule = models.ForeignKey(BackupSchedule, null=True, on_delete=models.SET_NULL, related_name="backups")

    resource_type: ClassVar = "OpenStack.Backup"

    class Meta(TenantObject.Meta):
        verbose_name = "backup"
        indexes = (models.Index(fields=("name", "id")),)


class BackupRestoration(IdentifiedModel):
    """A server that was built from a backup."""

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="restorations")
    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, related_name="restoration")
    flavor = models.ForeignKey(Flavor, null=True, on_delete=models.SET_NULL, related_name="+")

    visible_through: ClassVar = ("instance__project", "instance__project__customer")

    class Meta:
        ordering = ("created",)
