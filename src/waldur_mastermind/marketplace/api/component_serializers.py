"""Components of offerings and of plans."""

from typing import Any

from rest_framework import serializers

from waldur_core.rest.serializers import HexUUIDField, ModelSerializer
from waldur_mastermind.marketplace.models import OfferingComponent, Plan, PlanComponent

SOLD = OfferingComponent.objects.filter(retired=False)


class OfferingComponentSerializer(ModelSerializer):
    offering_uuid = HexUUIDField(source="offering.uuid", read_only=True)
    factor = serializers.IntegerField(read_only=True, help_text="Units of a limit in one measured unit.")

    class Meta:
        model = OfferingComponent
        fields = (
            "uuid", "offering_uuid", "billing_type", "type", "name", "description", "measured_unit", "unit_factor",
            "limit_period", "limit_amount", "article_code", "max_value", "min_value", "max_available_limit",
            "is_boolean", "default_limit", "factor", "is_builtin",
        )  # fmt: skip
        read_only_fields = ("is_builtin",)
        extra_kwargs = {"unit_factor": {"min_value": 1}}


class PlanComponentSerializer(ModelSerializer):
    """One price of a plan, with the names around it."""

    offering_uuid = HexUUIDField(source="plan.offering.uuid", read_only=True)
    offering_name = serializers.CharField(source="plan.offering.name", read_only=True)
    plan_uuid = HexUUIDField(source="plan.uuid", read_only=True)
    plan_name = serializers.CharField(source="plan.name", read_only=True)
    plan_unit = serializers.ChoiceField(source="plan.unit", choices=Plan.Unit.choices, read_only=True)
    component_name = serializers.CharField(source="component.name", read_only=True)
    measured_unit = serializers.CharField(source="component.measured_unit", read_only=True)
    billing_type = serializers.ChoiceField(
        source="component.billing_type", choices=OfferingComponent.BillingType.choices, read_only=True
    )

    class Meta:
        model = PlanComponent
        fields = (
            "offering_uuid", "offering_name", "plan_uuid", "plan_name", "plan_unit", "component_name",
            "measured_unit", "billing_type", "amount", "price", "future_price",
        )  # fmt: skip
        read_only_fields = fields


class NestedPlanComponentSerializer(serializers.Serializer[Any]):
    """One price, as part of its plan."""

    type = serializers.CharField(source="component.type")
    name = serializers.CharField(source="component.name")
    measured_unit = serializers.CharField(source="component.measured_unit")
    billing_type = serializers.ChoiceField(
        source="component.billing_type", choices=OfferingComponent.BillingType.choices
    )
    limit_period = serializers.ChoiceField(
        source="component.limit_period", choices=OfferingComponent.LimitPeriod.choices
    )
    amount = serializers.IntegerField()
    price = serializers.DecimalField(max_digits=22, decimal_places=10)
    future_price = serializers.DecimalField(max_digits=22, decimal_places=10, allow_null=True)

    def to_representation(self, instance: PlanComponent) -> dict[str, Any]:
        data = super().to_representation(instance)
        if data["limit_period"] is None:
            del data["limit_period"]
        return data
