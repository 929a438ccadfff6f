"""The read-only catalogue: flavors, images, volume types, availability zones."""

from typing import Any

import django_filters
from django.db.models import F, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Access, Visible
from waldur_core.rest.filters import BooleanFilter, LinkFilter, UUIDFilter
from waldur_core.rest.patterns import problem_of_pattern
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.offerings import scope_of_offering
from waldur_openstack.api.usage_stats import STATISTICS, usage_stats_of
from waldur_openstack.models import (
    Flavor,
    Image,
    InstanceAvailabilityZone,
    Tenant,
    VolumeAvailabilityZone,
    VolumeType,
)
from waldur_openstack.usable import usable_in_tenant_given_as

READ: dict[str, Access] = {"list": Visible(), "retrieve": Visible()}


class CatalogueViewSet(ReadOnlyViewSet):
    """Base of views of what a cloud offers, without what its operator hides."""

    access = READ

    def get_queryset(self) -> QuerySet[Any]:
        queryset = super().get_queryset()
        return queryset.filter(queryset.model.offered())


class TenantUsableFilter(django_filters.CharFilter):
    """`?tenant=` or `?tenant_uuid=`: what can be used in this tenant; an unknown tenant gives an empty list."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return usable_in_tenant_given_as(value, qs, self.parent.request.user) if value else qs


class OfferingFilter(django_filters.UUIDFilter):
    """`?offering_uuid=`: what the cloud or tenant of this offering offers; also to who has no tenant there yet."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return qs
        scope, model = scope_of_offering(self.parent.request.user, value), qs.model
        if isinstance(scope, Tenant):
            return qs.filter(model.usable_in(scope))
        if not isinstance(scope, ServiceSettings):
            return qs.none()
        seen, public = qs.values("pk"), Q(is_public=True)
        return model.objects.select_related("settings").filter(model.offered(), Q(pk__in=seen) | public, settings=scope)


class CatalogueFilter(django_filters.FilterSet):
    offering_uuid = OfferingFilter()  # comes first: it may show more than the user's tenants do
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


class PatternFilter(django_filters.CharFilter):
    """A regular expression, in the words of PostgreSQL."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value and (problem := problem_of_pattern(value)):
            raise ValidationError({"name_iregex": [problem]})
        return super().filter(qs, value)


class FlavorFilter(CatalogueFilter):
    name_iregex = PatternFilter(field_name="name", lookup_expr="iregex")

    class Meta:
        model = Flavor
        fields = dict.fromkeys(("cores", "ram", "disk"), ("exact", "gte", "lte"))


class FlavorViewSet(CatalogueViewSet):
    """Sizes of servers."""

    queryset = Flavor.objects.select_related("settings")
    serializer_class = FlavorSerializer
    filterset_class = FlavorFilter
    ordering_fields = {"cores": "cores", "ram": "ram", "disk": "disk"}
    access = {**READ, "usage_stats": STATISTICS}

    usage_stats = usage_stats_of("flavor_name")


class ImageSerializer(CatalogueSerializer):
    url = LinkField("openstack-image-detail")
    is_rescue_image = serializers.BooleanField(read_only=True)

    class Meta:
        model = Image
        fields = (
            "url", "uuid", "name", "settings", "min_disk", "min_ram", "backend_id", "backend_created_at",
            "is_rescue_image", "hw_rescue_device", "hw_rescue_bus",
        )  # fmt: skip


class NewestOfNameFilter(BooleanFilter):
    """`?show_duplicate_names=true`: also images that a newer one of the same name, in the same list, stands before."""

    def filter(self, qs: QuerySet[Any], value: bool | None) -> QuerySet[Any]:
        if value:
            return qs
        newest_first = F("backend_created_at").desc(nulls_last=True)
        newest = qs.order_by("settings_id", "name", newest_first, "-pk").distinct("settings_id", "name")
        return qs.filter(pk__in=newest.values("pk"))


class ImageFilter(CatalogueFilter):
    is_rescue_image = BooleanFilter(method="filter_rescue_images")
    show_duplicate_names = NewestOfNameFilter()  # comes last: it looks at what the others leave

    class Meta:
        model = Image
        fields = ()

    def filter_rescue_images(self, queryset: QuerySet[Image], name: str, value: bool) -> QuerySet[Image]:
        unfit = Q(hw_rescue_device="") | Q(hw_rescue_bus="")
        return queryset.exclude(unfit) if value else queryset.filter(unfit)


class ImageViewSet(CatalogueViewSet):
    """Operating system images."""

    queryset = Image.objects.select_related("settings")
    serializer_class = ImageSerializer
    filterset_class = ImageFilter
    access = {**READ, "usage_stats": STATISTICS}

    usage_stats = usage_stats_of("image_name")


class VolumeTypeSerializer(CatalogueSerializer):
    url = LinkField("openstack-volume-type-detail")

    class Meta:
        model = VolumeType
        fields = ("url", "uuid", "name", "settings", "description")


class VolumeTypeFilter(CatalogueFilter):
    class Meta:
        model = VolumeType
        fields = ()


class VolumeTypeViewSet(CatalogueViewSet):
    """Kinds of storage."""

    queryset = VolumeType.objects.select_related("settings")
    serializer_class = VolumeTypeSerializer
    filterset_class = VolumeTypeFilter
    access = {**READ, "names": Visible()}

    @extend_schema(responses={200: list[str]}, filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def names(self, request: Request) -> Response:
        """The distinct names."""
        names = list(self.get_queryset().order_by("name").values_list("name", flat=True).distinct())
        return Response(names, headers={"X-Result-Count": str(len(names))})


class InstanceZoneSerializer(CatalogueSerializer):
    url = LinkField("openstack-instance-availability-zone-detail")

    class Meta:
        model = InstanceAvailabilityZone
        fields = ("url", "uuid", "name", "settings", "available")


class InstanceZoneFilter(CatalogueFilter):
    class Meta:
        model = InstanceAvailabilityZone
        fields = ()


class InstanceZoneViewSet(CatalogueViewSet):
    """Where servers can be placed."""

    queryset = InstanceAvailabilityZone.objects.select_related("settings")
    serializer_class = InstanceZoneSerializer
    filterset_class = InstanceZoneFilter


class VolumeZoneSerializer(CatalogueSerializer):
    url = LinkField("openstack-volume-availability-zone-detail")

    class Meta:
        model = VolumeAvailabilityZone
        fields = ("url", "uuid", "name", "settings", "available")


class VolumeZoneFilter(CatalogueFilter):
    class Meta:
        model = VolumeAvailabilityZone
        fields = ()


class VolumeZoneViewSet(CatalogueViewSet):
    """Where volumes can be placed."""

    queryset = VolumeAvailabilityZone.objects.select_related("settings")
    serializer_class = VolumeZoneSerializer
    filterset_class = VolumeZoneFilter
