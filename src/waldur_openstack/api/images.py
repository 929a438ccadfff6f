"""Custom images: made, filled by an upload, listed and removed (seed: Custom Image Upload Workflow).

One room with two doors: the seed's `/api/openstack-marketplace/` and the public client's `…-marketplace-tenants/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Model
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.errors import CloudConflict, OperationError, Unreachable
from waldur_core.permissions.access import CONSUMER, Access, Visible
from waldur_core.permissions.asked import PERMISSION
from waldur_core.permissions.checks import has_permission, require_permission, scopes_of
from waldur_core.permissions.strings import Permission
from waldur_core.rest.bodies import OCTETS, OctetStreamParser, StreamedBody
from waldur_core.rest.errors import Conflict
from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_core.rest.uuids import is_uuid
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_openstack.api.identity import TenantFilter
from waldur_openstack.api.tenant_scope import require_ok
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.custom_images import CloudUnreachable, CustomImages, ImageRefused
from waldur_openstack.models import ProvidedTenant, Tenant

MANAGE = (Permission.OPENSTACK_TENANT_MANAGE, Permission.OPENSTACK_INSTANCE_MANAGE)
PUBLISH = Permission.SERVICE_PROVIDER_OPENSTACK_IMAGE_MANAGEMENT
AMAZON_FORMATS = ("aki", "ami", "ari")
DISK_FORMATS = ("qcow2", "raw", "vhd", "vmdk", "vdi", "iso", *AMAZON_FORMATS)
CONTAINER_FORMATS = ("bare", "ovf", *AMAZON_FORMATS)
DONE = "Image upload completed successfully"


def provider_of(tenant: Tenant) -> list[Model | None]:
    """The customer whose cloud it is: the offering's."""
    return [tenant.service_settings.customer]


@dataclass(frozen=True)
class ImageManager(Access):
    """Those who manage the tenant or the servers in it, and its provider's managers of images."""

    must_ask: str = PERMISSION

    def check_object(self, request: Request, obj: Any) -> None:
        scopes, own = (
            scopes_of(obj, CONSUMER),
            (Permission.OPENSTACK_TENANT_MANAGE, Permission.OPENSTACK_INSTANCE_MANAGE),
        )
        allowed = any(has_permission(request.user, permission, scopes) for permission in own)
        if not allowed and not has_permission(request.user, PUBLISH, provider_of(obj)):
            raise PermissionDenied("You may not bring images into this tenant.")

    def describe(self) -> str:
        return "OPENSTACK_TENANT.MANAGE or OPENSTACK_INSTANCE.MANAGE, or the provider's right to manage images"


class ImageTenantSerializer(ModelSerializer):
    url = LinkField("openstack-marketplace-tenant-detail")

    class Meta:
        model = ProvidedTenant
        fields = ("url", "uuid", "name")


class ImageCreateSerializer(serializers.Serializer[Any]):
    """What Glance is told of an image before it has data."""

    name = serializers.CharField(max_length=255)
    disk_format = serializers.ChoiceField(DISK_FORMATS, default="qcow2")
    container_format = serializers.ChoiceField(CONTAINER_FORMATS, default="bare")
    visibility = serializers.ChoiceField(("private", "public"), default="private")
    min_disk = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0, help_text="GB")
    min_ram = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0, help_text="MB")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        disk, container = attrs["disk_format"], attrs["container_format"]
        if disk != container and (disk in AMAZON_FORMATS or container in AMAZON_FORMATS):
            raise ValidationError({"container_format": ["Images of Amazon's formats have the same in both fields."]})
        if container == "ovf" and disk == "iso":
            raise ValidationError({"container_format": ["An ISO image needs no container: give `bare`."]})
        return attrs


class ImageCreatedSerializer(serializers.Serializer[Any]):
    image_id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    upload_url = serializers.CharField()


class ImageUploadedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    response = serializers.CharField()
    message = serializers.CharField()


class CustomImageSerializer(serializers.Serializer[Any]):
    """An image of the tenant as Glance has it; only one that is `active` can be used."""

    image_id = serializers.UUIDField(source="id")
    name = serializers.CharField()
    status = serializers.CharField()
    visibility = serializers.CharField()
    disk_format = serializers.CharField()
    container_format = serializers.CharField()
    size = serializers.IntegerField(allow_null=True, help_text="Bytes; null until it is whole.")
    min_disk = serializers.IntegerField(help_text="GB")
    min_ram = serializers.IntegerField(help_text="MB")
    created = serializers.DateTimeField(source="created_at")
    upload_url = serializers.SerializerMethodField()

    def get_upload_url(self, image: JSON) -> str:
        url: str = self.context["view"].upload_url(image) if image["status"] == "queued" else ""
        return url


class ImageUploadViewSet(ReadOnlyViewSet):
    """Tenants into which one may bring images, and the images brought."""

    queryset = ProvidedTenant.objects.select_related("project__customer", "service_settings__customer")
    serializer_class = ImageTenantSerializer
    filterset_class = TenantFilter
    ordering_fields = {"name": "name"}
    operation_suffixes: ClassVar = {"upload_without_id": "without_id"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        **dict.fromkeys(
            ("create_image", "upload_image_data", "upload_without_id", "images", "delete_image"), ImageManager()
        ),
    }
    non_atomic = frozenset({"create_image", "upload_image_data", "delete_image"})
    preconditions: ClassVar = dict.fromkeys(
        ("create_image", "upload_image_data", "images", "delete_image"), (require_ok,)
    )

    @extend_schema(request=ImageCreateSerializer, responses={201: ImageCreatedSerializer})
    @action(detail=True, methods=["post"])
    def create_image(self, request: Request, uuid: str) -> Response:
        """Create an image without data; the answer says where to send the data."""
        images = self.custom_images()
        data = request.data
        if isinstance(data, dict) and data.get("visibility") == "public":
            self._require_publisher(images.tenant)
        serializer = ImageCreateSerializer(data=data)
        serializer.is_valid(raise_exception=True)
        with answered():
            image = images.create(serializer.validated_data)
        body = {"image_id": image["id"], "name": image["name"], "status": image["status"]}
        return Response({**body, "upload_url": self.upload_url(image)}, status=status.HTTP_201_CREATED)

    @extend_schema(request={OCTETS: OpenApiTypes.BINARY}, responses=ImageUploadedSerializer)
    @action(
        detail=True,
        methods=["post", "put"],
        url_path="upload_image_data/(?P<image_id>[^/]+)",
        parser_classes=[OctetStreamParser],
    )
    def upload_image_data(self, request: Request, uuid: str, image_id: str) -> Response:
        """Upload the data of a queued image: the raw bytes, passed on as they come in."""
        images, key = self.custom_images(), glance_id(image_id)
        with answered():
            images.upload(key, StreamedBody(request))
        return Response({"status": "success", "response": DONE, "message": DONE})

    @extend_schema(request=None, responses={400: ImageUploadedSerializer})
    @action(detail=True, methods=["post", "put"], url_path="upload_image_data", parser_classes=[OctetStreamParser])
    def upload_without_id(self, request: Request, uuid: str) -> Response:
        """Always refused: the path must name the image."""
        self.get_object()
        raise ImageRefused(f"Image ID is required: send the data to {request.path}<image_id>/.")

    @extend_schema(responses=CustomImageSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def images(self, request: Request, uuid: str) -> Response:
        """The tenant's own images, fresh from Glance, whatever their status."""
        with answered():
            found = self.custom_images().all()
        return Response(CustomImageSerializer(found, many=True, context=self.get_serializer_context()).data)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["delete"], url_path="images/(?P<image_id>[^/]+)")
    def delete_image(self, request: Request, uuid: str, image_id: str) -> Response:
        """Remove an image of the tenant, queued or whole; an upload that is under way ends."""
        images, key = self.custom_images(), glance_id(image_id)
        with answered():
            image = images.get(key)
            if image["visibility"] == "public":
                self._require_publisher(images.tenant)
            images.remove(image)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def custom_images(self) -> CustomImages:
        return CustomImages(self.get_object(), self.request.user)

    def upload_url(self, image: JSON) -> str:
        """By the door that the request came in."""
        uuid = UUID(str(self.kwargs["uuid"]))
        return reverse(f"{self.basename}-upload-image-data", kwargs={"uuid": str(uuid), "image_id": image["id"]})

    def _require_publisher(self, tenant: Tenant) -> None:
        require_permission(self.request.user, PUBLISH, provider_of(tenant))


def glance_id(text: str) -> str:
    """The id as Glance writes it: dashed."""
    if not is_uuid(text):
        raise ImageRefused(f"Image ID is required, and {text} is none.")
    return str(UUID(text))


@contextmanager
def answered() -> Iterator[None]:
    """What the cloud says, as the API says it."""
    try:
        yield
    except Unreachable as error:
        raise CloudUnreachable(error) from error
    except CloudConflict as error:
        raise Conflict(error.message) from error
    except OperationError as error:
        raise ImageRefused(error.message) from error
