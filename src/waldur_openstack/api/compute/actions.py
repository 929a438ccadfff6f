"""What can be done to a server, beyond power and console."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.rest.serializers import RelatedLinkField
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import StatusSerializer
from waldur_openstack.api.block_storage.volume_actions import (
    VolumeAttachSerializer,
    require_attachable,
    require_detachable,
)
from waldur_openstack.api.changing import TenantObjectViewSet
from waldur_openstack.api.tenant_scope import ActionSerializer, UsableLinkField
from waldur_openstack.models import Flavor, Instance, Volume
from waldur_openstack.workflows.block_storage.attachments import DetachVolume
from waldur_openstack.workflows.compute import ResizeInstance


class InstanceVolumeSerializer(serializers.Serializer[Any]):
    """The seed's way to name a volume at the server's door."""

    volume = RelatedLinkField(
        "openstack-volume-detail", queryset=Volume.objects.select_related("tenant", "availability_zone")
    )


class InstanceFlavorSerializer(ActionSerializer):
    """Another flavor. Its disk plays no part."""

    flavor = UsableLinkField("openstack-flavor-detail", queryset=Flavor.objects.all())

    def validate_flavor(self, flavor: Flavor) -> Flavor:
        instance: Instance = self.object
        if flavor.name == instance.flavor_name:
            raise ValidationError("The instance has this flavor already.")
        if flavor.ram < instance.min_ram:
            text = f"The image of the instance needs {instance.min_ram} MiB of RAM, the flavor has {flavor.ram}."
            raise ValidationError(text)
        return flavor

    def create(self, validated: dict[str, Any]) -> Operation:
        flavor: Flavor = validated["flavor"]
        parameters = {
            "flavor": flavor.backend_id,
            "flavor_name": flavor.name,
            "flavor_disk": flavor.disk,
            "cores": flavor.cores,
            "ram": flavor.ram,
        }
        return ResizeInstance.ask(self.object, user=self.user, parameters=parameters)


class InstanceActions(TenantObjectViewSet):
    """The actions of `InstanceViewSet`."""

    @extend_schema(request=InstanceVolumeSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def attach_volume(self, request: Request, uuid: str) -> Response:
        """Attach a volume; the same as `attach/` of the volume."""
        instance = self.get_object()
        volume = self._volume(request)
        if volume.tenant_id != instance.tenant_id:
            raise ValidationError({"volume": ["The instance and the volume are in different tenants."]})
        for condition in (require_state(CoreState.OK), require_attachable):
            condition(volume)
        context = self.context_of(volume)
        serializer = VolumeAttachSerializer(data={"instance": instance.uuid.hex}, context=context)
        serializer.is_valid(raise_exception=True)
        return self.scheduled(serializer.save(), "attach was scheduled")

    @extend_schema(request=InstanceVolumeSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def detach_volume(self, request: Request, uuid: str) -> Response:
        """Detach a volume; the same as `detach/` of the volume."""
        instance: Instance = self.get_object()
        volume = self._volume(request)
        if volume.instance_id != instance.pk:
            raise ValidationError({"volume": ["The volume is not attached to this instance."]})
        for condition in (require_state(CoreState.OK), require_detachable):
            condition(volume)
        return self.scheduled(start(DetachVolume, volume, user=request.user), "detach was scheduled")

    @extend_schema(request=InstanceFlavorSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def change_flavor(self, request: Request, uuid: str) -> Response:
        """Give a stopped instance another flavor."""
        return self.ask(InstanceFlavorSerializer, "change of flavor was scheduled")

    def _volume(self, request: Request) -> Volume:
        serializer = InstanceVolumeSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        volume: Volume = serializer.validated_data["volume"]
        return volume
