"""What can be done to a volume: the request bodies, and the conditions under which it may be done."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.rest.errors import Conflict
from waldur_core.rest.serializers import RelatedLinkField
from waldur_core.structure.states import CoreState
from waldur_openstack.api.base import StatusSerializer
from waldur_openstack.api.changing import TenantObjectViewSet
from waldur_openstack.api.tenant_scope import ActionSerializer
from waldur_openstack.api.validators import MOST_MIB
from waldur_openstack.models import Instance, Volume
from waldur_openstack.workflows.attachments import AttachVolume, DetachVolume
from waldur_openstack.workflows.extend import ExtendVolume

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
        return ExtendVolume.ask(self.object, user=self.user, parameters=parameters)


def _check_zones(volume: Volume, instance: Instance) -> None:
    """Where the operator says which zone of volumes goes with which zone of servers, it must be that one."""
    zones = volume.service_settings.options.get("valid_availability_zones") or {}
    if not zones or not volume.availability_zone or not instance.availability_zone:
        return
    wanted = zones.get(instance.availability_zone.name)
    if wanted != volume.availability_zone.name:
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
    """409 unless it is free, or a stopped server has it as a data volume."""
    if volume.instance is None:
        return require_attachable(volume)
    require_detachable(volume)
    instance = volume.instance
    if instance.state != CoreState.OK or instance.runtime_state != "SHUTOFF":
        raise Conflict(f"The instance that has this volume is {instance.runtime_state}; stop it first.")
    return None


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
        """Make the volume larger. One that is attached needs a stopped instance."""
        return self.ask(VolumeExtendSerializer, "extend was scheduled")
