"""What consumers and providers alike can do with resources."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import CONSUMER, Holder, Staff, Visible
from waldur_core.permissions.checks import require_permission, scopes_of
from waldur_core.permissions.strings import Permission
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace.api.access import either_side
from waldur_mastermind.marketplace.api.offering_serializers import PublicOfferingSerializer, with_parts
from waldur_mastermind.marketplace.api.resource_filters import ORDERING, ResourceFilter
from waldur_mastermind.marketplace.api.resource_orders import RestorationMixin, TerminationMixin
from waldur_mastermind.marketplace.api.resource_serializers import (
    PlanPeriodSerializer,
    ResourceSerializer,
    ResourceUpdateSerializer,
    with_everything,
)
from waldur_mastermind.marketplace.changes import resource_changed
from waldur_mastermind.marketplace.models import Offering, Plan, Resource
from waldur_mastermind.marketplace.orders.unlinking import unlink_resource
from waldur_mastermind.marketplace.plugins import plugin_for

BASE_ACCESS = {
    "list": Visible(),
    "retrieve": Visible(),
    "update": Holder(permission=Permission.RESOURCE_UPDATE),
    "partial_update": Holder(permission=Permission.RESOURCE_UPDATE),
    "details": Visible(),
    "offering": Visible(),
    "plan_periods": Visible(),
    "terminate": either_side(Permission.RESOURCE_TERMINATE),
    "restore": either_side(Permission.RESOURCE_TERMINATE),
    "unlink": Staff(),
}


class BaseResourceViewSet(TerminationMixin, RestorationMixin, mixins.UpdateModelMixin, ReadOnlyViewSet):
    """What both sides can do."""

    queryset = with_everything(Resource.objects.all())
    serializer_class = ResourceSerializer
    filterset_class = ResourceFilter
    ordering_fields = ORDERING
    access = BASE_ACCESS

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return ResourceUpdateSerializer if self.action in ("update", "partial_update") else ResourceSerializer

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        resource: Any = serializer.instance
        end_date = serializer.validated_data.get("end_date", resource.end_date)
        if end_date != resource.end_date:
            require_permission(self.request.user, Permission.RESOURCE_SET_END_DATE, scopes_of(resource, CONSUMER))
            check_end_date(end_date)
        serializer.save()
        resource_changed.send(sender=Resource, resource=resource)
        text = f"The resource {resource} has been changed."
        record("marketplace_resource_update_succeeded", text, scope=resource, actor=self.request.user)

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 204: None}, filters=False)
    @action(detail=True)
    def details(self, request: Request, uuid: str) -> Response:
        """The scope as its own endpoint shows it; 204 when there is none."""
        resource = self.get_object()
        scope = plugin_for(resource.offering).serialize_scope(resource, request)
        return Response(status=status.HTTP_204_NO_CONTENT) if scope is None else Response(scope)

    @extend_schema(responses=PublicOfferingSerializer, filters=False)
    @action(detail=True)
    def offering(self, request: Request, uuid: str) -> Response:
        """What it was ordered from."""
        offering = with_parts(Offering.objects.filter(pk=self.get_object().offering_id), Plan.objects.all()).get()
        return Response(PublicOfferingSerializer(offering, context=self.get_serializer_context()).data)

    @extend_schema(responses=PlanPeriodSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def plan_periods(self, request: Request, uuid: str) -> Response:
        """Which plan it was on, and when."""
        periods = self.get_object().plan_periods.select_related("plan").prefetch_related("usages__component")
        return Response(PlanPeriodSerializer(periods, many=True).data)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, uuid: str) -> Response:
        """Forget the resource with its orders and its scope; what exists in the cloud stays there."""
        unlink_resource(self.get_object(), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _set_end_date(self, resource: Any, end_date: Any) -> Response:
        check_end_date(end_date)
        resource.end_date, resource.end_date_updated_at = end_date, timezone.now()
        resource.end_date_requested_by = self.request.user
        resource.save(update_fields=["end_date", "end_date_updated_at", "end_date_requested_by", "modified"])
        resource_changed.send(sender=Resource, resource=resource)
        record(
            "marketplace_resource_update_end_date_succeeded",
            f"{resource} will be terminated on {end_date}." if end_date else f"{resource} has no end date any more.",
            scope=resource,
            actor=self.request.user,
        )
        return Response({"status": "The end date has been set."})


def check_end_date(end_date: Any) -> None:
    if end_date and end_date < timezone.localdate():
        raise ValidationError({"end_date": ["This day has passed already."]})
