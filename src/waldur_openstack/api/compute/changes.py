"""What can be changed on a server by itself: name, description, metadata, and its rescue."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_openstack.api.tenant_scope import ActionSerializer, UpdateSerializer, UsableLinkField
from waldur_openstack.api.validators import MetadataField, validate_host_name
from waldur_openstack.models import Image, Instance, Volume
from waldur_openstack.workflows.compute import RescueInstance, SetInstanceMetadata, UpdateInstance


class InstanceUpdateSerializer(UpdateSerializer):
    """A new name or description; what is not named stays. The system volume is named after its server."""

    workflow = UpdateInstance

    name = serializers.CharField(max_length=255, validators=[validate_host_name])
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)


class InstanceMetadataSerializer(ActionSerializer):
    """All entries the server shall have; the others go."""

    metadata = MetadataField()

    def create(self, validated: dict[str, Any]) -> Operation:
        return start(SetInstanceMetadata, self.object, user=self.user, parameters=validated)


class InstanceRescueSerializer(ActionSerializer):
    """From which image to boot meanwhile. A server that boots from a volume needs one made for rescue."""

    rescue_image = UsableLinkField(
        "openstack-image-detail", queryset=Image.objects.all(), required=False, allow_null=True
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        instance: Instance = self.object
        image: Image | None = attrs.get("rescue_image")
        if not instance.volumes.filter(Volume.SYSTEM).exists():
            return attrs
        if image is None:
            text = "The instance boots from a volume: name an image that is made for rescue."
            raise ValidationError({"rescue_image": [text]})
        if not image.is_rescue_image:
            text = (
                "The instance boots from a volume: the image needs the properties hw_rescue_device and hw_rescue_bus."
            )
            raise ValidationError({"rescue_image": [text]})
        return attrs

    def create(self, validated: dict[str, Any]) -> Operation:
        image: Image | None = validated.get("rescue_image")
        parameters = {"image": image.backend_id, "image_name": image.name} if image else {}
        return start(RescueInstance, self.object, user=self.user, parameters=parameters)
