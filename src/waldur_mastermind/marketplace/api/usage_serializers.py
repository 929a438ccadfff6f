"""Usages: what providers report, and how it is told."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.rest.serializers import HexUUIDField, ModelSerializer, RelatedLinkField
from waldur_mastermind.marketplace.models import ComponentUsage, ComponentUserUsage, Resource
from waldur_mastermind.marketplace.usages import number

Policy = ComponentUsage.MissingUsagePolicy
AROUND = ("resource_name", "resource_uuid", "offering_name", "offering_uuid", "project_name", "project_uuid",
          "customer_name", "customer_uuid")  # fmt: skip


def amount_field(**kwargs: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=22, decimal_places=10, min_value=Decimal(0), **kwargs)


class AmountField(serializers.Field[Any, Any, Any, Any]):
    """An amount as a JSON number, whole when it is whole."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> int | float:
        return number(value)


Amount = extend_schema_field({"type": "number"})(AmountField)


class ComponentUsageSerializer(ModelSerializer):
    type = serializers.CharField(source="component.type", read_only=True)
    name = serializers.CharField(source="component.name", read_only=True)
    measured_unit = serializers.CharField(source="component.measured_unit", read_only=True)
    usage = Amount()
    recurring = serializers.BooleanField(read_only=True)
    resource_name = serializers.CharField(source="resource.name", read_only=True)
    resource_uuid = HexUUIDField(source="resource.uuid", read_only=True)
    offering_name = serializers.CharField(source="resource.offering.name", read_only=True)
    offering_uuid = HexUUIDField(source="resource.offering.uuid", read_only=True)
    project_name = serializers.CharField(source="resource.project.name", read_only=True)
    project_uuid = HexUUIDField(source="resource.project.uuid", read_only=True)
    customer_name = serializers.CharField(source="resource.project.customer.name", read_only=True)
    customer_uuid = HexUUIDField(source="resource.project.customer.uuid", read_only=True)
    modified_by = serializers.IntegerField(source="modified_by_id", read_only=True, allow_null=True)

    class Meta:
        model = ComponentUsage
        fields = (
            "uuid", "created", "description", "type", "name", "measured_unit", "usage", "date",
            "missing_usage_policy", "recurring", *AROUND, "billing_period", "modified_by",
        )  # fmt: skip
        read_only_fields = fields


class BaseComponentUsageSerializer(ModelSerializer):
    """A usage, as part of its plan period."""

    type = serializers.CharField(source="component.type", read_only=True)
    name = serializers.CharField(source="component.name", read_only=True)
    measured_unit = serializers.CharField(source="component.measured_unit", read_only=True)
    recurring = serializers.BooleanField(read_only=True)

    class Meta:
        model = ComponentUsage
        fields = (
            "uuid", "created", "description", "type", "name", "measured_unit", "usage", "date",
            "missing_usage_policy", "recurring",
        )  # fmt: skip
        read_only_fields = fields


class ComponentUserUsageSerializer(ModelSerializer):
    usage = Amount()
    measured_unit = serializers.CharField(source="component_usage.component.measured_unit", read_only=True)
    component_type = serializers.CharField(source="component_usage.component.type", read_only=True)
    component_usage = RelatedLinkField("marketplace-component-usage-detail", read_only=True)
    resource_name = serializers.CharField(source="component_usage.resource.name", read_only=True)
    resource_uuid = HexUUIDField(source="component_usage.resource.uuid", read_only=True)
    offering_name = serializers.CharField(source="component_usage.resource.offering.name", read_only=True)
    offering_uuid = HexUUIDField(source="component_usage.resource.offering.uuid", read_only=True)
    project_name = serializers.CharField(source="component_usage.resource.project.name", read_only=True)
    project_uuid = HexUUIDField(source="component_usage.resource.project.uuid", read_only=True)
    customer_name = serializers.CharField(source="component_usage.resource.project.customer.name", read_only=True)
    customer_uuid = HexUUIDField(source="component_usage.resource.project.customer.uuid", read_only=True)
    date = serializers.DateTimeField(source="component_usage.date", read_only=True)
    billing_period = serializers.DateField(source="component_usage.billing_period", read_only=True)

    class Meta:
        model = ComponentUserUsage
        fields = (
            "uuid", "created", "modified", "username", "component_usage", "usage", "measured_unit", "description",
            "backend_id", "component_type", *AROUND, "date", "billing_period",
        )  # fmt: skip
        read_only_fields = fields


class UsageItemSerializer(serializers.Serializer[Any]):
    """One component of a report. `recurring` is the older word for `missing_usage_policy` `reuse`."""

    type = serializers.CharField(max_length=150)
    amount = amount_field()
    description = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    missing_usage_policy = serializers.ChoiceField(choices=Policy.choices, required=False)
    recurring = serializers.BooleanField(required=False, allow_null=True, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.setdefault("missing_usage_policy", Policy.REUSE if attrs["recurring"] else Policy.NONE)
        return attrs


class UsageReportSerializer(serializers.Serializer[Any]):
    """What a resource used in the month of `date` (now, when not given) up to then; or in one of its plan periods."""

    resource = RelatedLinkField(
        "marketplace-resource-detail",
        queryset=Resource.objects.select_related("offering__customer"),
        required=False,
    )
    plan_period = serializers.UUIDField(required=False)
    date = serializers.DateTimeField(required=False)
    usages = UsageItemSerializer(many=True, allow_empty=False)


class UserUsageItemSerializer(serializers.Serializer[Any]):
    """What one person used; `username` is the name the service knows. `user` and `date` are taken from published
    clients and add nothing: the name identifies, the usage has its date."""

    username = serializers.CharField(max_length=255)
    usage = amount_field(required=False, default=Decimal(0))
    user = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    date = serializers.DateTimeField(required=False)


class UserUsageReportSerializer(serializers.Serializer[Any]):
    usages = UserUsageItemSerializer(many=True, allow_empty=False)
