"""`/api/marketplace-service-providers/`: the customers that publish offerings."""

from typing import Any

import django_filters
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from rest_framework import mixins, serializers
from rest_framework.exceptions import ValidationError

from waldur_core.permissions.access import Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import AnyOfFilter, LinkFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.models import Customer
from waldur_mastermind.marketplace.models import Offering, ServiceProvider

CLOSED = (Offering.State.DRAFT, Offering.State.ARCHIVED)
_offerings = Offering.objects.filter(customer=OuterRef("customer"), state__in=Offering.PUBLIC).order_by()
OFFERING_COUNT = Coalesce(
    Subquery(_offerings.values("customer").annotate(number=Count("pk")).values("number"), IntegerField()), 0
)


class ServiceProviderSerializer(ModelSerializer):
    url = LinkField("marketplace-service-provider-detail")
    customer = RelatedLinkField("customer-detail", queryset=Customer.objects.all())
    customer_name = serializers.CharField(source="customer.name", read_only=True)
    customer_uuid = HexUUIDField(source="customer.uuid", read_only=True)
    customer_abbreviation = serializers.CharField(source="customer.abbreviation", read_only=True)
    customer_native_name = serializers.CharField(source="customer.native_name", read_only=True)
    customer_country = serializers.CharField(source="customer.country", read_only=True)
    offering_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = ServiceProvider
        fields = (
            "url", "uuid", "created", "description", "enable_notifications", "customer", "customer_name",
            "customer_uuid", "customer_abbreviation", "customer_native_name", "customer_country", "offering_count",
        )  # fmt: skip

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        if self.instance is not None and "customer" in fields:
            fields["customer"].read_only = True
        return fields

    def validate_customer(self, customer: Customer) -> Customer:
        if ServiceProvider.objects.filter(customer=customer).exists():
            raise ValidationError("This customer is a service provider already.")
        return customer


class ServiceProviderFilter(django_filters.FilterSet):
    customer = LinkFilter(field_name="customer")
    customer_uuid = UUIDFilter(field_name="customer__uuid")
    customer_keyword = AnyOfFilter(paths=("customer__name", "customer__abbreviation", "customer__native_name"))

    class Meta:
        model = ServiceProvider
        fields = ()


class ServiceProviderViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet
):
    """The customers that publish offerings; an owner registers his own."""

    queryset = ServiceProvider.objects.select_related("customer").annotate(offering_count=OFFERING_COUNT)
    serializer_class = ServiceProviderSerializer
    filterset_class = ServiceProviderFilter
    ordering_fields = {"customer_name": "customer__name"}
    _owner = Holder(permission=Permission.SERVICE_PROVIDER_REGISTER, on=("customer",))
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=Permission.SERVICE_PROVIDER_REGISTER, on="the customer"),
        "update": _owner,
        "partial_update": _owner,
        "destroy": _owner,
    }

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        customer = serializer.validated_data["customer"]
        require_permission(self.request.user, Permission.SERVICE_PROVIDER_REGISTER, [customer])
        serializer.save()

    def perform_destroy(self, provider: ServiceProvider) -> None:
        if provider.customer.offerings.exclude(state__in=CLOSED).exists():
            raise Conflict("The service provider has offerings on sale: archive them first.")
        provider.delete()
