"""What can be done to a volume: the request bodies, and the conditions under which it may be done."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.errors import OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.rest.errors import Conflict
from waldur_core.rest.serializers import RelatedLinkField
from waldur_core.structure.states import CoreState
from waldur_openstack.api.base import StatusSerializer
from waldur_openstack.api.changing import TenantObjectViewSet
from waldur_openstack.api.tenant_scope import ActionSerializer, UsableLinkField
from waldur_openstack.api.validators import MOST_MIB
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.block_storage import EXTEND_IN_USE
from waldur_openstack.cloud.compute import VOLUMES_GROW
from waldur_openstack.models import Instance, Volume, VolumeType
from waldur_openstack.workflows.block_storage import (
    AttachVolume,
    DetachVolume,
    ExtendAttachedVolume,
    ExtendVolume,
    RetypeVolume,
)

MIB_PER_GIB = 1024
READY_SERVERS = ("SHUTOFF", "ACTIVE")


class VolumeAttachSerializer(ActionSerializer):
    instance = RelatedLinkField("openstack-instance-detail", queryset=Instance.objects.all())

    def validate_instance(self, instance: Instance) -> Instance:
        if instance.tenant_id != self.object.tenant_id:
            raise ValidationError("The instance and the volume are in different tenants.")
        if instance.state != CoreState.OK or instance.runtime_state not in READY_SERVERS:
            raise ValidationError(
                f"The instance is {instance.state} and {instance.runtime_state or 'unknown'} in the cloud; it must be "
                f"OK and {' or '.join(READY_SERVERS)}."
            )
        _check_zones(self.object, instance)
        return instance

    def create(self, validated: dict[str, Any]) -> Operation:
        parameters = {"instance": validated["instance"].uuid.hex}
        return start(AttachVolume, self.object, user=self.user, parameters=parameters)


class VolumeExtendSerializer(ActionSerializer):
    disk_size = serializers.IntegerField(max_value=MOST_MIB, help_text="The new size in MiB.")

    def validate_disk_size(self, size: int) -> int:
        least = self.object.size + MIB_PER_GIB
        if size < least:
            raise ValidationError(f"The size is given in MiB and must be at least {least}: 1 GiB more than now.")
        return size

    def create(self, validated: dict[str, Any]) -> Operation:
        parameters = {"size": validated["disk_size"]}
        return _way_to_extend(self.object).ask(self.object, user=self.user, parameters=parameters)


class VolumeRetypeSerializer(ActionSerializer):
    """Another type. Its gigabytes count there from now on."""

    type = UsableLinkField("openstack-volume-type-detail", queryset=VolumeType.objects.all())

    def validate_type(self, value: VolumeType) -> VolumeType:
        if value == self.object.type:
            raise ValidationError("The volume has this type already.")
        return value

    def create(self, validated: dict[str, Any]) -> Operation:
        kind: VolumeType = validated["type"]
        parameters = {"type": kind.uuid.hex, "type_name": kind.name}
        return RetypeVolume.ask(self.object, user=self.user, parameters=parameters)


def volume_zone_of(instance: Instance) -> str | None:
    """The zone that the operator says goes with the server's; None: any will do."""
    zones: dict[str, str] = instance.service_settings.options.get("valid_availability_zones") or {}
    return zones.get(instance.availability_zone.name, "") if zones and instance.availability_zone else None


def _check_zones(volume: Volume, instance: Instance) -> None:
    """Where the operator says which zone of volumes goes with which zone of servers, it must be that one."""
    wanted = volume_zone_of(instance)
    if wanted is not None and volume.availability_zone and wanted != volume.availability_zone.name:
        raise ValidationError(f"A server in zone {instance.availability_zone} cannot use volumes of this zone.")


def require_attachable(volume: Volume) -> None:
    """409 unless nobody has the volume and it is available."""
    if volume.instance_id or volume.runtime_state != "available":
        raise Conflict(f"The volume is {volume.runtime_state or 'unknown'} in the cloud; it must be available.")


def require_detachable(volume: Volume) -> None:
    """409 unless a server has the volume, and does not boot from it."""
    if volume.instance_id is None or volume.runtime_state != "in-use":
        raise Conflict("The volume is not attached to an instance.")
    if volume.is_system:
        raise Conflict("The instance boots from this volume: it cannot be detached.")


def require_extendable(volume: Volume) -> None:
    """409 unless it is free, or a data volume of a server that is stopped, or runs in a cloud that lets it grow."""
    if volume.instance is None:
        return require_attachable(volume)
    require_detachable(volume)
    instance = volume.instance
    if instance.state != CoreState.OK or instance.runtime_state not in READY_SERVERS:
        raise Conflict(f"The instance that has this volume is {instance.state} and {instance.runtime_state}.")
    if instance.runtime_state == "ACTIVE" and not _grows_in_use(volume):
        raise Conflict("The instance that has this volume is ACTIVE, and the cloud is too old for that; stop it first.")
    return None


def _grows_in_use(volume: Volume) -> bool:
    """Whether Cinder extends what is attached, and Nova tells the server. 409 when the cloud does not answer."""
    cloud = Cloud.of(volume.service_settings).in_project(volume.tenant.backend_id)
    try:
        return cloud.block_storage.supports(EXTEND_IN_USE) and cloud.compute.supports(VOLUMES_GROW)
    except OperationError as error:
        raise Conflict(f"Stop the instance, or try again later: {error.message}") from error


def _way_to_extend(volume: Volume) -> type[ExtendVolume]:
    """In place while the server runs; a stopped server would not be told, so there the volume is detached meanwhile."""
    running = volume.instance is not None and volume.instance.runtime_state == "ACTIVE"
    return ExtendAttachedVolume if running else ExtendVolume


class VolumeActions(TenantObjectViewSet):
    """The actions of `VolumeViewSet`."""

    @extend_schema(request=VolumeAttachSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def attach(self, request: Request, uuid: str) -> Response:
        """Attach the volume to an instance of its tenant."""
        return self.ask(VolumeAttachSerializer, "attach was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def detach(self, request: Request, uuid: str) -> Response:
        """Detach the volume from its instance."""
        return self.begin(DetachVolume, "detach was scheduled")

    @extend_schema(request=VolumeExtendSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, uuid: str) -> Response:
        """Make the volume larger. One that a running instance has can grow only where the cloud allows it."""
        return self.ask(VolumeExtendSerializer, "extend was scheduled")

    @extend_schema(request=VolumeRetypeSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def retype(self, request: Request, uuid: str) -> Response:
        """Give a free volume another type."""
        return self.ask(VolumeRetypeSerializer, "retype was scheduled")
