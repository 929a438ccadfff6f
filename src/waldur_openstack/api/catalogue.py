"""The read-only catalogue: flavors, images, volume types, availability zones."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Visible
from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_openstack.models import Flavor, Image, InstanceAvailabilityZone, VolumeAvailabilityZone, VolumeType
from waldur_openstack.usable import usable_in_tenant_given_as

READ = {"list": Visible(), "retrieve": Visible()}


class TenantUsableFilter(django_filters.CharFilter):
    """`?tenant=` or `?tenant_uuid=`: what can be used in this tenant; an unknown tenant gives an empty list."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return usable_in_tenant_given_as(value, qs, self.parent.request.user) if value else qs


class CatalogueFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")
    name_exact = django_filters.CharFilter(field_name="name")
    settings = LinkFilter()
    settings_uuid = UUIDFilter(field_name="settings__uuid")
    tenant = TenantUsableFilter()
    tenant_uuid = TenantUsableFilter()


class CatalogueSerializer(ModelSerializer):
    settings = RelatedLinkField("servicesettings-detail", read_only=True)


class FlavorSerializer(CatalogueSerializer):
    url = LinkField("openstack-flavor-detail")
    display_name = serializers.SerializerMethodField()

    class Meta:
        model = Flavor
        fields = ("url", "uuid", "name", "settings", "cores", "ram", "disk", "backend_id", "display_name")

    def get_display_name(self, flavor: Flavor) -> str:
        return f"{flavor.name} ({flavor.cores} vCPU, {flavor.ram / 1024:g} GiB RAM)"


class FlavorFilter(CatalogueFilter):
    name_iregex = django_filters.CharFilter(field_name="name", lookup_expr="iregex")

    class Meta:
        model = Flavor
        fields = dict.fromkeys(("cores", "ram", "disk"), ("exact", "gte", "lte"))


class FlavorViewSet(ReadOnlyViewSet):
    """Sizes of servers."""

    queryset = Flavor.objects.select_related("settings")
    serializer_class = FlavorSerializer
    filterset_class = FlavorFilter
    ordering_fields = {"cores": "cores", "ram": "ram", "disk": "disk"}
    access = READ


class ImageSerializer(CatalogueSerializer):
    url = LinkField("openstack-image-detail")
    is_rescue_image = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields = (
            "url", "uuid", "name", "settings", "min_disk", "min_ram", "backend_id", "backend_created_at",
            "is_rescue_image", "hw_rescue_device", "hw_rescue_bus",
        )  # fmt: skip

    def get_is_rescue_image(self, image: Image) -> bool:
        return bool(image.hw_rescue_device or image.hw_rescue_bus)


class ImageFilter(CatalogueFilter):
    class Meta:
        model = Image
        fields = ()


class ImageViewSet(ReadOnlyViewSet):
    """Operating system images."""

    queryset = Image.objects.select_related("settings")
    serializer_class = ImageSerializer
    filterset_class = ImageFilter
    access = READ


class VolumeTypeSerializer(CatalogueSerializer):
    url = LinkField("openstack-volume-type-detail")

    class Meta:
        model = VolumeType
        fields = ("url", "uuid", "name", "settings", "description")


class VolumeTypeFilter(CatalogueFilter):
    class Meta:
        model = VolumeType
        fields = ()


class VolumeTypeViewSet(ReadOnlyViewSet):
    """Kinds of storage."""

    queryset = VolumeType.objects.select_related("settings")
    serializer_class = VolumeTypeSerializer
    filterset_class = VolumeTypeFilter
    access = {**READ, "names": Visible()}

    @extend_schema(responses={200: list[str]}, filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def names(self, request: Request) -> Response:
        """The distinct names."""
        return Response(list(self.get_queryset().order_by("name").values_list("name", flat=True).distinct()))


class InstanceZoneSerializer(CatalogueSerializer):
    url = LinkField("openstack-instance-availability-zone-detail")

    class Meta:
        model = InstanceAvailabilityZone
        fields = ("url", "uuid", "name", "settings", "available")


class InstanceZoneFilter(CatalogueFilter):
    class Meta:
        model = InstanceAvailabilityZone
        fields = ()


class InstanceZoneViewSet(ReadOnlyViewSet):
    """Where servers can be placed."""

    queryset = InstanceAvailabilityZone.objects.select_related("settings")
    serializer_class = InstanceZoneSerializer
    filterset_class = InstanceZoneFilter
    access = READ


class VolumeZoneSerializer(CatalogueSerializer):
    url = LinkField("openstack-volume-availability-zone-detail")

    class Meta:
        model = VolumeAvailabilityZone
        fields = ("url", "uuid", "name", "settings", "available")


class VolumeZoneFilter(CatalogueFilter):
    class Meta:
        model = VolumeAvailabilityZone
        fields = ()


class VolumeZoneViewSet(ReadOnlyViewSet):
    """Where volumes can be placed."""

    queryset = VolumeAvailabilityZone.objects.select_related("settings")
    serializer_class = VolumeZoneSerializer
    filterset_class = VolumeZoneFilter
    access = READ
