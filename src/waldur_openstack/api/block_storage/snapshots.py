"""Snapshots as they are shown and asked for, and the actions on a volume that are about them."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import BASE_FIELDS, TenantObjectFilter, TenantObjectSerializer
from waldur_openstack.api.block_storage.shared import (
    MetadataField,
    ResourceUUIDField,
    SourceSerializer,
    operated,
    saved,
)
from waldur_openstack.api.tenant_scope import ActionSerializer, OwnLinkField, UpdateSerializer, require_tenant
from waldur_openstack.copies.conditions import require_copyable
from waldur_openstack.copies.restoring import restore_snapshot
from waldur_openstack.copies.taking import take_snapshot
from waldur_openstack.models import Backup, Snapshot, SnapshotRestoration, Volume
from waldur_openstack.workflows.block_storage import UpdateSnapshot


class SnapshotRestorationSerializer(ModelSerializer):
    """A volume that was made from the snapshot."""

    description = serializers.CharField(source="volume.description", read_only=True)
    volume = RelatedLinkField("openstack-volume-detail", read_only=True)
    volume_name = serializers.CharField(source="volume.name", read_only=True)
    volume_state = serializers.CharField(source="volume.state", read_only=True)
    volume_runtime_state = serializers.CharField(source="volume.runtime_state", read_only=True)
    volume_size = serializers.IntegerField(source="volume.size", read_only=True)
    volume_device = serializers.CharField(source="volume.device", read_only=True)

    class Meta:
        model = SnapshotRestoration
        fields = (
            "uuid", "created", "description", "volume", "volume_name", "volume_state", "volume_runtime_state",
            "volume_size", "volume_device",
        )  # fmt: skip


class SnapshotBackupSerializer(ModelSerializer):
    """A backup that the snapshot is part of."""

    url = LinkField("openstack-backup-detail")

    class Meta:
        model = Backup
        fields = ("url", "uuid", "name")


class SnapshotSerializer(TenantObjectSerializer):
    url = LinkField("openstack-snapshot-detail")
    source_volume = RelatedLinkField("openstack-volume-detail", read_only=True)
    source_volume_name = serializers.CharField(source="source_volume.name", read_only=True, default="")
    source_volume_marketplace_uuid = ResourceUUIDField(source="source_volume")
    type_name = serializers.CharField(source="type.name", read_only=True, default=None)
    restorations = SnapshotRestorationSerializer(many=True, read_only=True)
    backups = SnapshotBackupSerializer(many=True, read_only=True)
    snapshot_schedule = RelatedLinkField("openstack-snapshot-schedule-detail", read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = Snapshot
        fields = (
            *BASE_FIELDS, "source_volume", "source_volume_name", "source_volume_marketplace_uuid", "size", "type_name",
            "bootable", "metadata", "runtime_state", "action", "action_details", "restorations", "backups",
            "kept_until", "snapshot_schedule", "tenant", "tenant_name", "tenant_uuid",
        )  # fmt: skip
        read_only_fields = fields


class SnapshotCreateSerializer(SourceSerializer):
    """A new snapshot of a volume."""

    source_key = "source_volume"
    sources = Volume.objects.all()
    conditions = (require_copyable,)

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    metadata = MetadataField(default=dict)
    kept_until = serializers.DateTimeField(allow_null=True, default=None, help_text="When to delete it; null: never.")

    def create(self, validated: dict[str, Any]) -> Snapshot:
        return take_snapshot(self.object, user=self.user, **validated)


class SnapshotUpdateSerializer(UpdateSerializer):
    """What is not named stays."""

    workflow = UpdateSnapshot
    local = frozenset({"kept_until"})

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    metadata = MetadataField(required=False)
    kept_until = serializers.DateTimeField(allow_null=True, required=False)


class SnapshotRestoreSerializer(ActionSerializer):
    """A new volume with the contents of the snapshot of the URL."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)

    def create(self, validated: dict[str, Any]) -> Volume:
        return restore_snapshot(self.object, user=self.user, **validated)


class VolumeSnapshotRestoreSerializer(SnapshotRestoreSerializer):
    """The same at the volume's door: the body names which of its snapshots."""

    snapshot = OwnLinkField("openstack-snapshot-detail", queryset=Snapshot.objects.select_related("type"))

    def validate_snapshot(self, snapshot: Snapshot) -> Snapshot:
        if snapshot.source_volume_id != self.object.pk:
            raise serializers.ValidationError("This is not a snapshot of the volume.")
        require_state(CoreState.OK)(snapshot)
        return snapshot

    def create(self, validated: dict[str, Any]) -> Volume:
        return restore_snapshot(validated.pop("snapshot"), user=self.user, **validated)


class SnapshotFilter(TenantObjectFilter):
    source_volume = LinkFilter()
    source_volume_uuid = UUIDFilter(field_name="source_volume__uuid")
    backup = LinkFilter(field_name="backups")
    backup_uuid = UUIDFilter(field_name="backups__uuid")
    snapshot_schedule = LinkFilter()
    snapshot_schedule_uuid = UUIDFilter(field_name="snapshot_schedule__uuid")
    runtime_state = django_filters.CharFilter()

    class Meta:
        model = Snapshot
        fields = ()


class SnapshotsOfVolume:
    """The actions on a volume that make snapshots, and volumes from them."""

    snapshot_access: ClassVar = operated("snapshot", "create_from_snapshot")
    snapshot_preconditions: ClassVar = {
        "snapshot": (require_tenant, require_copyable),
        "create_from_snapshot": (require_tenant,),
    }

    @extend_schema(request=SnapshotCreateSerializer, responses={201: SnapshotSerializer})
    @action(detail=True, methods=["post"])
    def snapshot(self: Any, request: Request, uuid: str) -> Response:
        """Make a snapshot of the volume, attached or not."""
        snapshot = saved(self, SnapshotCreateSerializer)
        body = SnapshotSerializer(snapshot, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(request=VolumeSnapshotRestoreSerializer)
    @action(detail=True, methods=["post"])
    def create_from_snapshot(self: Any, request: Request, uuid: str) -> Response:
        """Make a new volume from a snapshot of this one; the same as `restore/` of the snapshot."""
        volume = saved(self, VolumeSnapshotRestoreSerializer)
        return Response(self.get_serializer(volume).data, status=status.HTTP_201_CREATED)
