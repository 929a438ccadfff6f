"""Volumes."""

import json
from typing import Any
from uuid import UUID

import django_filters
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.start import start
from waldur_core.permissions.access import InBody
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_to
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack import quotas
from waldur_openstack.api.base import BASE_FIELDS, ResourceViewSet, TenantObjectFilter, TenantObjectSerializer, related
from waldur_openstack.api.block_storage.schedules import SchedulesOfVolume
from waldur_openstack.api.block_storage.shared import ResourceUUIDField, operated
from waldur_openstack.api.block_storage.snapshots import SnapshotsOfVolume
from waldur_openstack.api.block_storage.volume_actions import (
    VolumeActions,
    require_attachable,
    require_detachable,
    require_extendable,
    volume_zone_of,
)
from waldur_openstack.api.changing import CHANGEABLE, Creates, Deletes, Updates
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.api.tenant_scope import InTenantSerializer, UpdateSerializer, UsableLinkField
from waldur_openstack.api.validators import validate_gibibyte
from waldur_openstack.copies.conditions import require_no_snapshots
from waldur_openstack.models import Image, Instance, Volume, VolumeAvailabilityZone, VolumeType
from waldur_openstack.workflows.block_storage import CreateVolume, DeleteVolume, UpdateVolume
from waldur_openstack.workflows.pulling import PullVolume

DELETABLE = ("available", "error", "error_restoring", "error_extending", "error_deleting", "")


class NestedVolumeSerializer(ModelSerializer):
    """A volume as part of a server."""

    url = LinkField("openstack-volume-detail")
    resource_type = serializers.CharField(read_only=True)
    type = RelatedLinkField("openstack-volume-type-detail", read_only=True)
    type_name = serializers.CharField(source="type.name", read_only=True, default=None)

    class Meta:
        model = Volume
        fields = (
            "url", "uuid", "name", "image_name", "state", "bootable", "size", "device", "resource_type", "type",
            "type_name",
        )  # fmt: skip


class VolumeSerializer(TenantObjectSerializer):
    url = LinkField("openstack-volume-detail")
    image = RelatedLinkField("openstack-image-detail", read_only=True)
    type = RelatedLinkField("openstack-volume-type-detail", read_only=True)
    type_name = serializers.CharField(source="type.name", read_only=True, default=None)
    availability_zone = RelatedLinkField("openstack-volume-availability-zone-detail", read_only=True)
    availability_zone_name = serializers.CharField(source="availability_zone.name", read_only=True, default=None)
    source_snapshot = RelatedLinkField("openstack-snapshot-detail", read_only=True)
    instance = RelatedLinkField("openstack-instance-detail", read_only=True)
    instance_name = serializers.CharField(source="instance.name", read_only=True, default="")
    instance_marketplace_uuid = ResourceUUIDField(source="instance")
    image_metadata = serializers.SerializerMethodField()
    extend_enabled = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = Volume
        fields = (
            *BASE_FIELDS, "size", "bootable", "metadata", "image", "image_metadata", "image_name", "type", "type_name",
            "runtime_state", "availability_zone", "availability_zone_name", "device", "action", "action_details",
            "instance", "instance_name", "instance_marketplace_uuid", "tenant", "tenant_uuid", "extend_enabled",
            "source_snapshot",
        )  # fmt: skip
        read_only_fields = fields

    def get_image_metadata(self, volume: Volume) -> str:
        """As JSON text."""
        return json.dumps(volume.image_metadata) if volume.image_metadata else ""

    def get_extend_enabled(self, volume: Volume) -> bool:
        return volume.state == CoreState.OK and not volume.is_system


class VolumeCreateSerializer(InTenantSerializer):
    """The attributes of a new volume; the context holds `tenant` and `user`. Sizes in MiB."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    image = UsableLinkField("openstack-image-detail", queryset=Image.objects.all(), required=False, allow_null=True)
    size = serializers.IntegerField(validators=[validate_gibibyte])
    type = UsableLinkField(
        "openstack-volume-type-detail", queryset=VolumeType.objects.all(), required=False, allow_null=True
    )
    availability_zone = UsableLinkField(
        "openstack-volume-availability-zone-detail",
        queryset=VolumeAvailabilityZone.objects.all(),
        required=False,
        allow_null=True,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        image, zone = attrs.get("image"), attrs.get("availability_zone")
        if image and attrs["size"] < image.min_disk:
            raise ValidationError({"size": [f"The image needs at least {image.min_disk} MiB."]})
        zones = VolumeAvailabilityZone.objects.filter(settings=self.tenant.service_settings, available=True)
        if zone is None and settings.WALDUR_OPENSTACK["REQUIRE_AVAILABILITY_ZONE"] and zones.exists():
            raise ValidationError({"availability_zone": ["This field is required."]})
        if zone and not zone.available:
            raise ValidationError({"availability_zone": ["This zone is not available at present."]})
        attrs["type"] = attrs.get("type") or default_volume_type(self.tenant)
        counters.check(self.tenant, quotas.of_volume(self._row(attrs)))
        return attrs

    def _row(self, attrs: dict[str, Any]) -> Volume:
        image = attrs.get("image")
        return Volume(tenant=self.tenant, bootable=bool(image), image_name=image.name if image else "", **attrs)

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Volume:
        """The row, its quota, and the operation that makes it real."""
        volume = self._row(validated)
        counters.change(self.tenant, quotas.of_volume(volume))
        volume.save()
        start(CreateVolume, volume, user=self.context["user"])
        return volume


def default_volume_type(tenant: Any) -> VolumeType | None:
    """The tenant's default type, when it has one."""
    name = tenant.default_volume_type_name
    return VolumeType.objects.filter(VolumeType.usable_in(tenant), name=name).first() if name else None


def require_deletable(volume: Volume) -> None:
    """409 unless the volume may be deleted: not attached, and in a state the cloud deletes from."""
    if volume.state not in (CoreState.OK, CoreState.ERRED):
        raise Conflict(f"The volume is {volume.state}; only a volume that is OK or ERRED can be deleted.")
    if volume.instance_id:
        raise Conflict(f"The volume is attached to {volume.instance}. Detach it first.")
    if volume.state == CoreState.OK and volume.runtime_state not in DELETABLE:
        raise Conflict(f"The volume is {volume.runtime_state} in the cloud; it must be available to be deleted.")
    require_no_snapshots(volume)


class VolumeUpdateSerializer(UpdateSerializer):
    """What is not named stays."""

    workflow = UpdateVolume

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    bootable = serializers.BooleanField(required=False)

    def validate_bootable(self, value: bool) -> bool:
        if self.object.is_system and not value:
            raise ValidationError("The instance boots from this volume.")
        return value


class VolumeFilter(TenantObjectFilter):
    instance = LinkFilter()
    instance_uuid = UUIDFilter(field_name="instance__uuid")
    attach_instance_uuid = UUIDFilter(method="attachable_to", help_text="Those that this instance could have.")
    snapshot = LinkFilter(field_name="source_snapshot")
    snapshot_uuid = UUIDFilter(field_name="source_snapshot__uuid")
    runtime_state = django_filters.CharFilter()
    availability_zone_name = django_filters.CharFilter(field_name="availability_zone__name")

    class Meta:
        model = Volume
        fields = ()

    def attachable_to(self, queryset: QuerySet[Volume], name: str, uuid: UUID) -> QuerySet[Volume]:
        instance = visible_to(self.request.user, Instance.objects.all()).filter(uuid=uuid).first()
        if instance is None:
            return queryset.none()
        free = queryset.filter(tenant=instance.tenant_id, instance=None, state=CoreState.OK, runtime_state="available")
        zone = volume_zone_of(instance)
        return free.filter(Q(availability_zone=None) | Q(availability_zone__name=zone)) if zone is not None else free


class VolumeViewSet(Creates, Updates, Deletes, VolumeActions, SnapshotsOfVolume, SchedulesOfVolume, Pulls):
    """Block devices."""

    queryset = related(
        Volume.objects.all(), "tenant", "image", "type", "availability_zone", "instance", "source_snapshot"
    )
    serializer_class = VolumeSerializer
    workflows = {
        "attach": "openstack.volume.attach",
        "create": "openstack.volume.create",
        "create_from_snapshot": "openstack.volume.create",
        "detach": "openstack.volume.detach",
        "extend": ("openstack.volume.extend", "openstack.volume.extend_attached"),
        "retype": "openstack.volume.retype",
        "snapshot": "openstack.snapshot.create",
    }
    filterset_class = VolumeFilter
    pull_workflow = PullVolume
    request_serializers = {
        "create": VolumeCreateSerializer,
        "update": VolumeUpdateSerializer,
        "partial_update": VolumeUpdateSerializer,
    }
    delete_workflow = DeleteVolume
    ordering_fields = {**ResourceViewSet.ordering_fields, "instance_name": "instance__name", "size": "size"}
    non_atomic = frozenset({"extend"})
    access = {
        **Pulls.base_access,
        "create": InBody(permission=Permission.OPENSTACK_INSTANCE_MANAGE, on="tenant"),
        **operated("update", "partial_update", "destroy", "attach", "detach", "extend", "retype"),
        **SnapshotsOfVolume.snapshot_access,
        **SchedulesOfVolume.schedule_access,
    }
    preconditions = {
        "update": CHANGEABLE,
        "partial_update": CHANGEABLE,
        "destroy": (require_state(CoreState.OK, CoreState.ERRED), require_deletable),
        "attach": (require_state(CoreState.OK), require_attachable),
        "detach": (require_state(CoreState.OK), require_detachable),
        "extend": (require_state(CoreState.OK), require_extendable),
        "retype": (*CHANGEABLE, require_attachable),
        **SnapshotsOfVolume.snapshot_preconditions,
        **SchedulesOfVolume.schedule_preconditions,
    }
