"""Plans, as customers see them under an offering and as providers edit them."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_mastermind.marketplace import pricing
from waldur_mastermind.marketplace.api.component_serializers import NestedPlanComponentSerializer
from waldur_mastermind.marketplace.api.fields import OfferingLinkField, public_plan_link
from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Plan, PlanComponent, Resource


def with_prices(queryset: QuerySet[Plan]) -> QuerySet[Any]:
    """Plans with all that their serializers need, in a fixed number of queries."""
    alive = Resource.objects.filter(plan=OuterRef("pk"), state__in=Resource.ALIVE).order_by()
    count = Subquery(alive.values("plan").annotate(number=Count("pk")).values("number"), IntegerField())
    components = PlanComponent.objects.filter(component__retired=False).select_related("component")
    return queryset.annotate(resources_count=Coalesce(count, 0)).prefetch_related(Prefetch("components", components))


Prices = extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "format": "decimal"}})


class BasePlanSerializer(ModelSerializer):
    """What every view of a plan shows."""

    billing_mode = serializers.SerializerMethodField()
    is_active = serializers.SerializerMethodField()
    init_price = serializers.SerializerMethodField()
    switch_price = serializers.SerializerMethodField()
    organization_groups = serializers.SerializerMethodField()
    components = NestedPlanComponentSerializer(many=True, read_only=True)
    prices = serializers.SerializerMethodField()
    future_prices = serializers.SerializerMethodField()
    quotas = serializers.SerializerMethodField()
    resources_count = serializers.IntegerField(read_only=True, default=0)
    plan_type = serializers.SerializerMethodField()
    minimal_price = serializers.SerializerMethodField()

    class Meta:
        model = Plan
        fields: tuple[str, ...] = (
            "url", "uuid", "name", "description", "article_code", "max_amount", "archived", "billing_mode",
            "is_active", "unit_price", "unit", "init_price", "switch_price", "backend_id", "organization_groups",
            "components", "prices", "future_prices", "quotas", "resources_count", "plan_type", "minimal_price",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = ("archived",)

    def get_billing_mode(self, plan: Plan) -> str:
        return "inherit"

    def get_is_active(self, plan: Plan) -> bool:
        return not plan.archived

    def get_init_price(self, plan: Plan) -> float:
        return float(pricing.init_price(plan))

    def get_switch_price(self, plan: Plan) -> float:
        return float(pricing.switch_price(plan))

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_organization_groups(self, plan: Plan) -> list[Any]:
        return []

    @Prices
    def get_prices(self, plan: Plan) -> dict[str, str]:
        return {item.component.type: _decimal(item.price) for item in plan.components.all()}

    @Prices
    def get_future_prices(self, plan: Plan) -> dict[str, str]:
        changing = (item for item in plan.components.all() if item.future_price is not None)
        return {item.component.type: _decimal(item.future_price) for item in changing if item.future_price is not None}

    def get_quotas(self, plan: Plan) -> dict[str, int]:
        return {item.component.type: item.amount for item in plan.components.all()}

    def get_plan_type(self, plan: Plan) -> str:
        """The one way its components are billed, or `mixed`."""
        ways = {item.component.billing_type for item in plan.components.all()}
        return ways.pop() if len(ways) == 1 else "mixed" if ways else OfferingComponent.BillingType.FIXED

    @extend_schema_field({"type": "string", "format": "decimal"})
    def get_minimal_price(self, plan: Plan) -> str:
        """The price of the least that can be ordered."""
        least = {item.component.type: item.component.min_value or 0 for item in plan.components.all()}
        return _decimal(pricing.monthly_price(plan, least))


def _decimal(value: Decimal) -> str:
    return f"{value:.10f}"


class PublicPlanSerializer(BasePlanSerializer):
    """A plan on the page of its offering; its `url` is what an order names."""

    url = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, plan: Plan) -> str:
        return public_plan_link(plan.offering, plan, self.context)


class NestedProviderPlanSerializer(BasePlanSerializer):
    """A plan on its provider's page."""

    url = LinkField("marketplace-plan-detail")


class ProviderPlanSerializer(BasePlanSerializer):
    """A plan as its provider edits it."""

    url = LinkField("marketplace-plan-detail")
    offering = OfferingLinkField(queryset=Offering.objects.all(), view_name="marketplace-provider-offering-detail")

    class Meta(BasePlanSerializer.Meta):
        fields = (*BasePlanSerializer.Meta.fields, "offering")

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        if self.instance is not None and "offering" in fields:
            fields["offering"].read_only = True
        return fields


class NewPlanSerializer(ModelSerializer):
    """A plan in the body of a new offering, with its prices and included amounts."""

    prices = serializers.DictField(
        child=serializers.DecimalField(max_digits=22, decimal_places=10, min_value=Decimal(0)), required=False
    )
    quotas = serializers.DictField(child=serializers.IntegerField(min_value=0), required=False)

    class Meta:
        model = Plan
        fields = (
            "name", "description", "article_code", "max_amount", "unit_price", "unit", "backend_id", "prices",
            "quotas",
        )  # fmt: skip
        extra_kwargs = {"unit_price": {"min_value": Decimal(0)}}


class PricesUpdateSerializer(serializers.Serializer[Any]):
    prices = serializers.DictField(
        child=serializers.DecimalField(max_digits=22, decimal_places=10, min_value=Decimal(0))
    )


class QuotasUpdateSerializer(serializers.Serializer[Any]):
    quotas = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=2**31 - 1))
