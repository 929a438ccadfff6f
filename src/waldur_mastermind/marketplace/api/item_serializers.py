"""What orders and resources have in common: the offering, its provider and category, the plan, project and customer."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.rest.serializers import HexUUIDField, ModelSerializer, RelatedLinkField
from waldur_mastermind.marketplace.api.fields import LimitsField, ObjectField, OmitsEmpty, public_plan_link
from waldur_mastermind.marketplace.models import Plan

RELATED = ("offering__customer", "offering__category", "plan", "project__customer")

ITEM_FIELDS = (
    "offering", "offering_name", "offering_uuid", "offering_slug", "offering_description", "offering_type",
    "offering_shared", "offering_billable", "offering_plugin_options", "provider_name", "provider_uuid",
    "provider_slug", "provider_description", "category_title", "category_uuid", "plan", "plan_unit", "plan_name",
    "plan_uuid", "plan_description", "attributes", "limits", "uuid", "created", "modified", "slug", "url", "project",
    "project_name", "project_uuid", "project_slug", "project_description", "customer_name", "customer_uuid",
    "customer_slug", "error_message",
    "error_traceback", "backend_id",
)  # fmt: skip


class ItemSerializer(OmitsEmpty, ModelSerializer):
    """The common part."""

    omitted = frozenset({"plan", "scope", "operation", "progress", "parent_offering_uuid", "parent_uuid"})

    offering = RelatedLinkField("marketplace-public-offering-detail", read_only=True)
    offering_name = serializers.CharField(source="offering.name", read_only=True)
    offering_uuid = HexUUIDField(source="offering.uuid", read_only=True)
    offering_slug = serializers.CharField(source="offering.slug", read_only=True)
    offering_description = serializers.CharField(source="offering.description", read_only=True)
    offering_type = serializers.CharField(source="offering.type", read_only=True)
    offering_shared = serializers.BooleanField(source="offering.shared", read_only=True)
    offering_billable = serializers.BooleanField(source="offering.billable", read_only=True)
    offering_plugin_options = ObjectField(source="offering.plugin_options", read_only=True)
    provider_name = serializers.CharField(source="offering.customer.name", read_only=True)
    provider_uuid = HexUUIDField(source="offering.customer.uuid", read_only=True)
    provider_slug = serializers.CharField(source="offering.customer.slug", read_only=True)
    provider_description = serializers.CharField(source="offering.customer.description", read_only=True)
    category_title = serializers.CharField(source="offering.category.title", read_only=True)
    category_uuid = HexUUIDField(source="offering.category.uuid", read_only=True)
    plan = serializers.SerializerMethodField()
    plan_unit = serializers.ChoiceField(source="plan.unit", choices=Plan.Unit.choices, read_only=True, allow_null=True)
    plan_name = serializers.CharField(source="plan.name", read_only=True, allow_null=True)
    plan_uuid = HexUUIDField(source="plan.uuid", read_only=True, allow_null=True)
    plan_description = serializers.CharField(source="plan.description", read_only=True, allow_null=True)
    attributes = ObjectField(read_only=True)
    limits = LimitsField(read_only=True)
    project = RelatedLinkField("project-detail", read_only=True)
    project_name = serializers.CharField(source="project.name", read_only=True)
    project_uuid = HexUUIDField(source="project.uuid", read_only=True)
    project_slug = serializers.CharField(source="project.slug", read_only=True)
    project_description = serializers.CharField(source="project.description", read_only=True)
    customer_name = serializers.CharField(source="project.customer.name", read_only=True)
    customer_uuid = HexUUIDField(source="project.customer.uuid", read_only=True)
    customer_slug = serializers.CharField(source="project.customer.slug", read_only=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        """Tracebacks are for staff and support."""
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and not (request.user.is_staff or getattr(request.user, "is_support", False)):
            fields.pop("error_traceback", None)
        return fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_plan(self, item: Any) -> str | None:
        return public_plan_link(item.offering, item.plan, self.context) if item.plan else None
