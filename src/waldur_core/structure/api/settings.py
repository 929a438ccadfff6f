"""`/api/service-settings/`: the connections to clouds, without their credentials. Offerings make and change them."""

import django_filters
from rest_framework import serializers

from waldur_core.permissions.access import Visible
from waldur_core.rest.filters import BooleanFilter, LinkFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import HISTORIC_NAMES


class ServiceSettingsSerializer(ModelSerializer):
    """`secret_options` is not among the fields: nobody reads credentials back."""

    url = LinkField("servicesettings-detail")
    customer = RelatedLinkField("customer-detail", read_only=True)
    customer_name = serializers.CharField(source="customer.name", default=None, read_only=True)
    customer_native_name = serializers.CharField(source="customer.native_name", default="", read_only=True)
    terms_of_services = serializers.CharField(default="", read_only=True)
    scope = serializers.CharField(default=None, read_only=True)
    options = serializers.DictField(read_only=True)

    class Meta:
        model = ServiceSettings
        fields = (
            "url", "uuid", "name", "type", "state", "error_message", "shared", "customer", "customer_name",
            "customer_native_name", "terms_of_services", "scope", "options",
        )  # fmt: skip
        read_only_fields = fields


class ServiceSettingsFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")
    name_exact = django_filters.CharFilter(field_name="name")
    customer = LinkFilter(field_name="customer")
    customer_uuid = UUIDFilter(field_name="customer__uuid")
    state = MultiValueFilter(aliases=HISTORIC_NAMES)
    type = django_filters.CharFilter()
    shared = BooleanFilter()

    class Meta:
        model = ServiceSettings
        fields = ()


class ServiceSettingsViewSet(ReadOnlyViewSet):
    """Clouds that are shared, and those of customers one has a role on."""

    queryset = ServiceSettings.objects.select_related("customer")
    serializer_class = ServiceSettingsSerializer
    filterset_class = ServiceSettingsFilter
    ordering_fields = {"name": "name", "state": "state", "created": "created"}
    access = {"list": Visible(), "retrieve": Visible()}
