"""Orders: what is asked for, and how it is told what became of it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.operations.api import OperationProgressSerializer, OperationSerializer
from waldur_core.operations.models import Operation
from waldur_core.rest.serializers import HexUUIDField, LinkField, RelatedLinkField
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.api.fields import LimitsField, ObjectField, OfferingLinkField, PlanLinkField
from waldur_mastermind.marketplace.api.item_serializers import ITEM_FIELDS, RELATED, ItemSerializer
from waldur_mastermind.marketplace.models import Offering, Order, Plan, Resource


def with_details(queryset: QuerySet[Order]) -> QuerySet[Any]:
    """Orders with all that their serializer needs but the operations."""
    people = ("created_by", "consumer_reviewed_by", "provider_reviewed_by")
    return queryset.select_related(*RELATED, *people, "resource", "old_plan")


def attach_operations(orders: Iterable[Any]) -> None:
    """Give every executing order the operation at work on its scope: one query."""
    executing = [order for order in orders if order.state == Order.State.EXECUTING]
    uuids = [order.resource.scope_uuid for order in executing if order.resource.scope_uuid]
    live = Operation.objects.filter(subject_uuid__in=uuids, state__in=Operation.LIVE) if uuids else ()
    by_subject = {operation.subject_uuid: operation for operation in live}
    for order in orders:
        order.operation = None
    for order in executing:
        order.operation = by_subject.get(order.resource.scope_uuid)


class OrderListSerializer(serializers.ListSerializer[Any]):
    def to_representation(self, data: Any) -> list[Any]:
        orders = list(data)
        attach_operations(orders)
        return super().to_representation(orders)


class OrderSerializer(ItemSerializer):
    """An order. `operation` and `progress` stand there while its operation runs (an extension of ours)."""

    url = LinkField("marketplace-order-detail")
    marketplace_resource_uuid = HexUUIDField(source="resource.uuid", read_only=True)
    resource_uuid = HexUUIDField(source="resource.scope_uuid", read_only=True, allow_null=True)
    resource_name = serializers.CharField(source="resource.name", read_only=True)
    resource_end_date = serializers.DateField(source="resource.end_date", read_only=True, allow_null=True)
    resource_type = serializers.SerializerMethodField()
    created_by_username = serializers.CharField(source="created_by.username", read_only=True)
    created_by_full_name = serializers.CharField(source="created_by.full_name", read_only=True)
    consumer_reviewed_by = RelatedLinkField("user-detail", read_only=True, allow_null=True)
    consumer_reviewed_by_username = serializers.CharField(
        source="consumer_reviewed_by.username", read_only=True, allow_null=True
    )
    consumer_reviewed_by_full_name = serializers.CharField(
        source="consumer_reviewed_by.full_name", read_only=True, allow_null=True
    )
    provider_reviewed_by = RelatedLinkField("user-detail", read_only=True, allow_null=True)
    provider_reviewed_by_username = serializers.CharField(
        source="provider_reviewed_by.username", read_only=True, allow_null=True
    )
    provider_reviewed_by_full_name = serializers.CharField(
        source="provider_reviewed_by.full_name", read_only=True, allow_null=True
    )
    old_plan_name = serializers.CharField(source="old_plan.name", read_only=True, allow_null=True)
    old_plan_uuid = HexUUIDField(source="old_plan.uuid", read_only=True, allow_null=True)
    new_plan_name = serializers.CharField(source="plan.name", read_only=True, allow_null=True)
    new_plan_uuid = HexUUIDField(source="plan.uuid", read_only=True, allow_null=True)
    can_terminate = serializers.SerializerMethodField()
    operation = RelatedLinkField("operation-detail", read_only=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Order
        list_serializer_class = OrderListSerializer
        fields = (
            *ITEM_FIELDS, "type", "state", "marketplace_resource_uuid", "resource_uuid", "resource_name",
            "resource_type", "resource_end_date", "cost", "output", "completed_at", "start_date", "request_comment",
            "callback_url", "termination_comment", "consumer_rejection_comment", "provider_rejection_comment",
            "created_by_username", "created_by_full_name", "consumer_reviewed_by", "consumer_reviewed_by_username",
            "consumer_reviewed_by_full_name", "consumer_reviewed_at", "provider_reviewed_by",
            "provider_reviewed_by_username", "provider_reviewed_by_full_name", "provider_reviewed_at",
            "old_plan_name", "old_plan_uuid", "new_plan_name", "new_plan_uuid", "auto_approved", "can_terminate",
            "operation", "progress",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Order) -> dict[str, Any]:
        if not hasattr(instance, "operation"):
            attach_operations([instance])
        return super().to_representation(instance)

    def get_resource_type(self, order: Order) -> str | None:
        return order.offering.type if order.resource.scope_uuid else None

    def get_can_terminate(self, order: Order) -> bool:
        """Whether the resource is in a state from which it can be ended, and no order is at work on it."""
        return order.resource.state in (Resource.State.OK, Resource.State.ERRED) and not order.is_unfinished

    @extend_schema_field(OperationProgressSerializer)
    def get_progress(self, order: Any) -> dict[str, Any] | None:
        return OperationSerializer().get_progress(order.operation) if order.operation else None


class NewOrderSerializer(serializers.Serializer[Any]):
    """What a user asks for."""

    offering = OfferingLinkField(queryset=Offering.objects.select_related("customer", "parent"))
    project = RelatedLinkField("project-detail", queryset=Project.objects.select_related("customer"))
    plan = PlanLinkField(queryset=Plan.objects.all(), required=False, allow_null=True, default=None)
    attributes = ObjectField(required=False, default=dict)
    limits = LimitsField(required=False, default=dict)
    accepting_terms_of_service = serializers.BooleanField(required=False, default=False)
    callback_url = serializers.URLField(required=False, allow_null=True, allow_blank=True)
    request_comment = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    start_date = serializers.DateField(required=False, allow_null=True)
    slug = serializers.SlugField(required=False, allow_blank=True, max_length=150)


class OrderErrorSerializer(serializers.Serializer[Any]):
    error_message = serializers.CharField(required=False, allow_blank=True, default="")
    error_traceback = serializers.CharField(required=False, allow_blank=True, default="")


class ConsumerRejectionSerializer(serializers.Serializer[Any]):
    consumer_rejection_comment = serializers.CharField(required=False, allow_blank=True, default="")


class ProviderRejectionSerializer(serializers.Serializer[Any]):
    provider_rejection_comment = serializers.CharField(required=False, allow_blank=True, default="")


class ProviderApprovalSerializer(serializers.Serializer[Any]):
    attributes = ObjectField(required=False, default=dict)


class BackendIDSerializer(serializers.Serializer[Any]):
    backend_id = serializers.CharField(max_length=255, allow_blank=True)
