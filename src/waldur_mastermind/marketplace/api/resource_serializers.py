"""Resources: what customers have, and what becomes of it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer
from waldur_core.secrets.redaction import MASK
from waldur_core.structure.api.estimates import KEY, EstimatedMixin, load_estimates
from waldur_mastermind.marketplace.api.component_serializers import SOLD, OfferingComponentSerializer
from waldur_mastermind.marketplace.api.fields import LimitsField, ObjectField, PlanLinkField
from waldur_mastermind.marketplace.api.item_serializers import ITEM_FIELDS, RELATED, ItemSerializer
from waldur_mastermind.marketplace.api.order_serializers import OrderSerializer, attach_operations, with_details
from waldur_mastermind.marketplace.api.sight import grants_of
from waldur_mastermind.marketplace.api.usage_serializers import BaseComponentUsageSerializer
from waldur_mastermind.marketplace.getting_started import fill_in
from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Order, Plan, PlanPeriod, Resource
from waldur_mastermind.marketplace.plugins import plugin_for, scope_link

BillingType = OfferingComponent.BillingType


def with_everything(queryset: QuerySet[Resource]) -> QuerySet[Any]:
    """Resources with all that their serializer needs, in a fixed number of queries."""
    open_orders = with_details(Order.objects.filter(state__in=Order.UNFINISHED))
    creations = with_details(Order.objects.filter(type=Order.Type.CREATE))
    return queryset.select_related(*RELATED, "parent", "offering__parent").prefetch_related(
        "scope",
        Prefetch("offering__components", SOLD),
        Prefetch("orders", open_orders, to_attr="open_orders"),
        Prefetch("orders", creations, to_attr="creation_orders"),
    )


def attach_order_operations(resources: Iterable[Any]) -> None:
    attach_operations([order for item in resources for order in (*item.open_orders, *item.creation_orders)])


class ResourceListSerializer(serializers.ListSerializer[Any]):
    def to_representation(self, data: Any) -> list[Any]:
        resources = list(data)
        attach_order_operations(resources)
        load_estimates(self, resources)
        return super().to_representation(resources)


class ReportSectionSerializer(serializers.Serializer[Any]):
    header = serializers.CharField()
    body = serializers.CharField()


class EndpointSerializer(serializers.Serializer[Any]):
    """An address to reach the resource by."""

    uuid = serializers.CharField(read_only=True)
    name = serializers.CharField(max_length=255)
    url = serializers.CharField(max_length=2000)


class ResourceSerializer(EstimatedMixin, ItemSerializer):
    """A resource, as customers and providers see it."""

    url = LinkField("marketplace-resource-detail")
    scope = serializers.SerializerMethodField()
    resource_uuid = HexUUIDField(source="scope_uuid", read_only=True, allow_null=True)
    resource_type = serializers.SerializerMethodField()
    offering_state = serializers.ChoiceField(source="offering.state", choices=Offering.State.choices, read_only=True)
    offering_backend_id = serializers.CharField(source="offering.backend_id", read_only=True)
    offering_components = OfferingComponentSerializer(source="offering.components", many=True, read_only=True)
    parent_offering_uuid = HexUUIDField(source="offering.parent.uuid", read_only=True)
    parent_offering_name = serializers.CharField(source="offering.parent.name", read_only=True)
    parent_uuid = HexUUIDField(source="parent.uuid", read_only=True)
    parent_name = serializers.CharField(source="parent.name", read_only=True)
    project_start_date = serializers.DateField(source="project.start_date", read_only=True, allow_null=True)
    project_end_date = serializers.DateField(source="project.end_date", read_only=True, allow_null=True)
    backend_metadata = serializers.SerializerMethodField()
    endpoints = EndpointSerializer(many=True, read_only=True)
    getting_started = serializers.SerializerMethodField()
    current_usages = ObjectField(read_only=True)
    options = ObjectField(read_only=True)
    report = ReportSectionSerializer(many=True, read_only=True)
    is_usage_based = serializers.SerializerMethodField()
    is_limit_based = serializers.SerializerMethodField()
    can_terminate = serializers.SerializerMethodField()
    available_actions = serializers.SerializerMethodField()
    order_in_progress = serializers.SerializerMethodField()
    creation_order = serializers.SerializerMethodField()

    class Meta:
        model = Resource
        list_serializer_class = ResourceListSerializer
        fields = (
            *ITEM_FIELDS, "name", "description", "state", "scope", "resource_uuid", "resource_type",
            "effective_id", "offering_state", "offering_backend_id", "offering_components", "parent_offering_uuid",
            "parent_offering_name", "parent_uuid", "parent_name", "project_start_date", "project_end_date",
            "backend_metadata", "endpoints", "getting_started", "paused", "downscaled",
            "restrict_member_access", "current_usages", "options", "report", "end_date", "end_date_updated_at",
            "last_sync", "is_usage_based", "is_limit_based", "can_terminate", "available_actions",
            "order_in_progress", "creation_order", KEY,
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Resource) -> dict[str, Any]:
        if self.parent is None:
            attach_order_operations([instance])
        return super().to_representation(instance)

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_scope(self, resource: Resource) -> str | None:
        return scope_link(resource.scope, self.context)

    @extend_schema_field({"type": "object", "additionalProperties": {}})
    def get_backend_metadata(self, resource: Resource) -> dict[str, Any]:
        """What the service tells about it; the password-like part is masked for those who may not see credentials."""
        if not resource.secret_metadata:
            return resource.backend_metadata
        scopes = (resource.project, resource.customer, resource.offering, resource.offering.customer)
        allowed = grants_of(self.context).holds(Permission.RESOURCE_SEE_CREDENTIALS, *scopes)
        hidden = resource.secret_metadata if allowed else dict.fromkeys(resource.secret_metadata, MASK)
        return {**resource.backend_metadata, **hidden}

    def get_getting_started(self, resource: Resource) -> str:
        """The offering's text with this resource's name and metadata filled in, as far as the reader may see them."""
        text = resource.offering.getting_started
        return fill_in(text, resource.name, self.get_backend_metadata(resource)) if text else ""

    def get_resource_type(self, resource: Resource) -> str | None:
        return resource.offering.type if resource.scope_uuid else None

    def get_is_usage_based(self, resource: Resource) -> bool:
        return _billed(resource, BillingType.USAGE)

    def get_is_limit_based(self, resource: Resource) -> bool:
        return _billed(resource, BillingType.LIMIT)

    def get_can_terminate(self, resource: Any) -> bool:
        """Whether it is in a state from which it can be ended, and no order is at work on it."""
        return resource.state in (Resource.State.OK, Resource.State.ERRED) and not resource.open_orders

    def get_available_actions(self, resource: Resource) -> list[str]:
        return plugin_for(resource.offering).available_actions(resource)

    @extend_schema_field(OrderSerializer(allow_null=True))
    def get_order_in_progress(self, resource: Any) -> dict[str, Any] | None:
        return self._order(resource.open_orders)

    @extend_schema_field(OrderSerializer(allow_null=True))
    def get_creation_order(self, resource: Any) -> dict[str, Any] | None:
        return self._order(resource.creation_orders)

    def _order(self, orders: list[Order]) -> dict[str, Any] | None:
        """Built once for all rows: making a serializer costs more than running it."""
        if not orders:
            return None
        if not hasattr(self, "_orders"):
            self._orders = OrderSerializer(context={**self.context, "request": self.context["request"]})
        return self._orders.to_representation(orders[0])


def _billed(resource: Resource, billing_type: str) -> bool:
    return any(component.billing_type == billing_type for component in resource.offering.components.all())


class ResourceUpdateSerializer(ModelSerializer):
    """What the consumer may change of a resource without an order."""

    name = serializers.CharField(max_length=255)

    class Meta:
        model = Resource
        fields = ("name", "description", "end_date")


class EndDateSerializer(serializers.Serializer[Any]):
    end_date = serializers.DateField(allow_null=True)


class TerminationSerializer(serializers.Serializer[Any]):
    """How to end it; what the attributes mean is the plug-in's affair."""

    attributes = ObjectField(required=False, default=dict)
    termination_comment = serializers.CharField(required=False, allow_blank=True, default="")


class LimitsUpdateSerializer(serializers.Serializer[Any]):
    limits = LimitsField()
    request_comment = serializers.CharField(required=False, allow_null=True, allow_blank=True)


class PlanSwitchSerializer(serializers.Serializer[Any]):
    plan = PlanLinkField(queryset=Plan.objects.all())


class OrderUUIDSerializer(serializers.Serializer[Any]):
    order_uuid = HexUUIDField()


class ResourceLimitsSerializer(serializers.Serializer[Any]):
    limits = LimitsField()


class ResourceOptionsSerializer(serializers.Serializer[Any]):
    options = ObjectField(allow_null=True)


class BackendMetadataSerializer(serializers.Serializer[Any]):
    backend_metadata = ObjectField()


class ReportSerializer(serializers.Serializer[Any]):
    report = ReportSectionSerializer(many=True, allow_empty=False)


class EndpointsSerializer(serializers.Serializer[Any]):
    endpoints = EndpointSerializer(many=True)


class EffectiveIDSerializer(serializers.Serializer[Any]):
    effective_id = serializers.CharField(max_length=255, allow_blank=True, required=False, default="")


class PausedSerializer(serializers.Serializer[Any]):
    paused = serializers.BooleanField(default=False)


class DownscaledSerializer(serializers.Serializer[Any]):
    downscaled = serializers.BooleanField(default=False)


class RestrictMemberAccessSerializer(serializers.Serializer[Any]):
    restrict_member_access = serializers.BooleanField(default=False)


class PlanPeriodSerializer(ModelSerializer):
    plan_name = serializers.CharField(source="plan.name")
    plan_uuid = HexUUIDField(source="plan.uuid")
    components = BaseComponentUsageSerializer(source="usages", many=True)

    class Meta:
        model = PlanPeriod
        fields = ("uuid", "plan_name", "plan_uuid", "start", "end", "components")
