"""Offerings: what customers read of them, and what providers read and write."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.structure.models import Customer, Project
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.api.component_serializers import SOLD, OfferingComponentSerializer
from waldur_mastermind.marketplace.api.fields import ObjectField, OmitsEmpty
from waldur_mastermind.marketplace.api.plan_serializers import (
    NestedProviderPlanSerializer,
    NewPlanSerializer,
    PublicPlanSerializer,
    with_prices,
)
from waldur_mastermind.marketplace.api.sight import grants_of
from waldur_mastermind.marketplace.models import Category, Offering, OfferingComponent, Order, Plan
from waldur_mastermind.marketplace.plugins import scope_link
from waldur_mastermind.marketplace.secrets import masked

TEXTS = (
    "name", "slug", "description", "full_description", "privacy_policy_link", "helpdesk_url", "documentation_url",
    "access_url", "vendor_details", "getting_started", "integration_guide", "terms_of_service",
)  # fmt: skip


def with_parts(queryset: QuerySet[Offering], plans: QuerySet[Plan]) -> QuerySet[Any]:
    """Offerings with all that their serializers need, in a fixed number of queries."""
    orders = Order.objects.filter(offering=OuterRef("pk")).order_by()
    count = Subquery(orders.values("offering").annotate(number=Count("pk")).values("number"), IntegerField())
    return (
        queryset.select_related("customer", "project", "category", "parent")
        .annotate(order_count=Coalesce(count, 0))
        .prefetch_related("scope", Prefetch("components", SOLD), Prefetch("plans", with_prices(plans)))
    )


class PublicOfferingSerializer(OmitsEmpty, ModelSerializer):
    """An offering as customers see it."""

    omitted = frozenset({"scope"})

    url = LinkField("marketplace-public-offering-detail")
    customer = RelatedLinkField("customer-detail", read_only=True)
    customer_uuid = HexUUIDField(source="customer.uuid", read_only=True)
    customer_name = serializers.CharField(source="customer.name", read_only=True)
    project = RelatedLinkField("project-detail", read_only=True, allow_null=True)
    project_uuid = HexUUIDField(source="project.uuid", read_only=True, allow_null=True)
    project_name = serializers.CharField(source="project.name", read_only=True, allow_null=True)
    category = RelatedLinkField("marketplace-category-detail", read_only=True)
    category_uuid = HexUUIDField(source="category.uuid", read_only=True)
    category_title = serializers.CharField(source="category.title", read_only=True)
    attributes = ObjectField(read_only=True)
    options = ObjectField(read_only=True)
    resource_options = ObjectField(read_only=True)
    plugin_options = ObjectField(read_only=True)
    components = OfferingComponentSerializer(many=True, read_only=True)
    plans = PublicPlanSerializer(many=True, read_only=True)
    order_count = serializers.IntegerField(read_only=True, default=0)
    scope = serializers.SerializerMethodField()
    scope_name = serializers.CharField(source="scope.name", read_only=True, allow_null=True)
    scope_state = serializers.ChoiceField(
        source="scope.state", choices=CoreState.choices, read_only=True, allow_null=True
    )
    scope_error_message = serializers.CharField(source="scope.error_message", read_only=True, allow_null=True)
    parent_uuid = HexUUIDField(source="parent.uuid", read_only=True, allow_null=True)
    parent_name = serializers.CharField(source="parent.name", read_only=True, allow_null=True)
    parent_description = serializers.CharField(source="parent.description", read_only=True, allow_null=True)
    can_update_integration = serializers.SerializerMethodField()
    can_update_options = serializers.SerializerMethodField()

    class Meta:
        model = Offering
        fields: tuple[str, ...] = (
            "url", "uuid", "created", *TEXTS, "customer", "customer_uuid", "customer_name", "project",
            "project_uuid", "project_name", "category", "category_uuid", "category_title", "attributes", "options",
            "resource_options", "components", "plugin_options", "plans", "state", "type", "shared", "billable",
            "order_count", "scope", "scope_uuid", "scope_name", "scope_state", "scope_error_message", "parent_uuid",
            "parent_name", "parent_description", "paused_reason", "latitude", "longitude", "country", "backend_id",
            "backend_metadata", "can_update_integration", "can_update_options",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_scope(self, offering: Offering) -> str | None:
        return scope_link(offering.scope, self.context)

    def get_can_update_integration(self, offering: Offering) -> bool:
        return self._holds(Permission.OFFERING_UPDATE_INTEGRATION, offering)

    def get_can_update_options(self, offering: Offering) -> bool:
        return self._holds(Permission.OFFERING_UPDATE_OPTIONS, offering)

    def _holds(self, permission: Permission, offering: Offering) -> bool:
        return grants_of(self.context).holds(permission, offering, offering.customer)


class ProviderOfferingSerializer(PublicOfferingSerializer):
    """An offering as its provider sees it; how it reaches its service only for those who may change that, masked."""

    omitted = frozenset({"scope", "service_attributes", "secret_options"})

    url = LinkField("marketplace-provider-offering-detail")
    plans = NestedProviderPlanSerializer(many=True, read_only=True)  # type: ignore[assignment]
    service_attributes = serializers.SerializerMethodField()
    secret_options = serializers.SerializerMethodField()

    class Meta(PublicOfferingSerializer.Meta):
        fields = (*PublicOfferingSerializer.Meta.fields, "service_attributes", "secret_options")
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": {}})
    def get_service_attributes(self, offering: Offering) -> dict[str, Any] | None:
        return masked(offering.secret_options) if self.get_can_update_integration(offering) else None

    @extend_schema_field({"type": "object", "additionalProperties": {}})
    def get_secret_options(self, offering: Offering) -> dict[str, Any] | None:
        return self.get_service_attributes(offering)


class OfferingFormSerializer(serializers.Serializer[Any]):
    """The form of an order or of a resource's options: the fields and their order."""

    order = serializers.ListField(child=serializers.CharField())
    options = ObjectField(child=serializers.DictField())

    def validate_options(self, options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for key, option in options.items():
            for name, kind, word in _OPTION_KEYS:
                if name in option and not isinstance(option[name], kind):
                    raise serializers.ValidationError(f"{key}.{name} must be {word}.")
        return options


_OPTION_KEYS: tuple[tuple[str, Any, str], ...] = (
    ("type", str, "a text"),
    ("label", str, "a text"),
    ("required", bool, "true or false"),
    ("choices", list, "a list"),
    ("min", int | float, "a number"),
    ("max", int | float, "a number"),
)


class NewOfferingSerializer(ModelSerializer):
    """An offering to be made, with its components, plans, and connection to its service."""

    customer = RelatedLinkField("customer-detail", queryset=Customer.objects.all())
    project = RelatedLinkField("project-detail", queryset=Project.objects.all(), required=False, allow_null=True)
    category = RelatedLinkField("marketplace-category-detail", queryset=Category.objects.all())
    attributes = ObjectField(required=False)
    options = OfferingFormSerializer(required=False)
    resource_options = OfferingFormSerializer(required=False)
    plugin_options = ObjectField(required=False)
    service_attributes = ObjectField(required=False)
    secret_options = ObjectField(required=False)
    components = OfferingComponentSerializer(many=True, required=False)
    plans = NewPlanSerializer(many=True, required=False)

    class Meta:
        model = Offering
        fields = (
            *TEXTS, "type", "customer", "project", "category", "shared", "billable", "latitude", "longitude",
            "country", "backend_id", "attributes", "options", "resource_options", "plugin_options",
            "service_attributes", "secret_options", "components", "plans",
        )  # fmt: skip

    def validate_components(self, components: list[dict[str, Any]]) -> list[dict[str, Any]]:
        types = [component["type"] for component in components]
        if len(types) != len(set(types)):
            raise serializers.ValidationError("Each type of component can stand here once.")
        return components

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        project = attrs.get("project")
        if project and project.customer != attrs["customer"]:
            raise serializers.ValidationError({"project": ["The project belongs to another customer."]})
        return attrs


class OverviewSerializer(ModelSerializer):
    """The texts of an offering."""

    class Meta:
        model = Offering
        fields = (*TEXTS, "backend_id")


class DescriptionSerializer(ModelSerializer):
    """The shelf an offering stands on."""

    category = RelatedLinkField("marketplace-category-detail", queryset=Category.objects.all())

    class Meta:
        model = Offering
        fields = ("category",)


class LocationSerializer(ModelSerializer):
    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)

    class Meta:
        model = Offering
        fields = ("latitude", "longitude")


class OptionsSerializer(serializers.Serializer[Any]):
    options = OfferingFormSerializer()


class ResourceOptionsFormSerializer(serializers.Serializer[Any]):
    resource_options = OfferingFormSerializer()


class IntegrationSerializer(serializers.Serializer[Any]):
    """How an offering reaches its service. Keys that are not named stay; so do values sent back masked."""

    service_attributes = ObjectField(required=False)
    secret_options = ObjectField(required=False)
    plugin_options = ObjectField(required=False)
    backend_id = serializers.CharField(required=False, allow_blank=True, max_length=255)


class PauseSerializer(serializers.Serializer[Any]):
    paused_reason = serializers.CharField(required=False, allow_blank=True, default="")


class DetailStateSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
    state = serializers.ChoiceField(choices=Offering.State.choices)


class UpdateComponentSerializer(OfferingComponentSerializer):
    """A component to change: named by its uuid."""

    uuid = HexUUIDField()

    class Meta(OfferingComponentSerializer.Meta):
        extra_kwargs = {
            **OfferingComponentSerializer.Meta.extra_kwargs,
            "type": {"required": False},
            "name": {"required": False},
            "billing_type": {"required": False},
        }


class ComponentUUIDSerializer(serializers.Serializer[Any]):
    uuid = HexUUIDField()


# What a provider may set on a component that belongs to the plug-in.
BUILTIN_EDITABLE = frozenset(
    {"description", "min_value", "max_value", "max_available_limit", "default_limit", "limit_amount", "article_code"}
)
COMPONENT_FIELDS = frozenset(field.name for field in OfferingComponent._meta.fields)
