"""`/api/marketplace-plans/` and `/api/marketplace-plan-components/`."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Holder, InBody, Staff, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import BooleanFilter, LinkFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.api.component_serializers import PlanComponentSerializer
from waldur_mastermind.marketplace.api.fields import OrderInfoResponseSerializer
from waldur_mastermind.marketplace.api.plan_serializers import (
    PricesUpdateSerializer,
    ProviderPlanSerializer,
    QuotasUpdateSerializer,
    with_prices,
)
from waldur_mastermind.marketplace.models import Plan, PlanComponent
from waldur_mastermind.marketplace.price_history import note_prices

PROVIDER = ("offering", "offering.customer")


class PlanFilter(django_filters.FilterSet):
    offering = LinkFilter(field_name="offering")
    offering_uuid = UUIDFilter(field_name="offering__uuid")
    offering_slug = MultiValueFilter(field_name="offering__slug")
    parent_offering_uuid = UUIDFilter(field_name="offering__parent__uuid")

    class Meta:
        model = Plan
        fields = ()


class PlanViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """The price lists of the offerings you see."""

    queryset = with_prices(Plan.objects.select_related("offering__customer"))
    serializer_class = ProviderPlanSerializer
    filterset_class = PlanFilter
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=Permission.OFFERING_CREATE_PLAN, on="the offering"),
        "update": Holder(permission=Permission.OFFERING_UPDATE_PLAN, on=PROVIDER),
        "partial_update": Holder(permission=Permission.OFFERING_UPDATE_PLAN, on=PROVIDER),
        "archive": Holder(permission=Permission.OFFERING_ARCHIVE_PLAN, on=PROVIDER),
        "update_prices": Holder(permission=Permission.OFFERING_UPDATE_PLAN, on=PROVIDER),
        "update_quotas": Holder(permission=Permission.OFFERING_UPDATE_PLAN, on=PROVIDER),
        "destroy": Staff(),
    }

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        fields = dict(serializer.validated_data)
        offering = fields.pop("offering")
        scopes = (offering, offering.customer)
        require_permission(self.request.user, Permission.OFFERING_CREATE_PLAN, scopes)
        serializer.instance = catalogue.create_plan(offering, fields)
        self._tell("marketplace_plan_created", serializer.instance, "has been created")

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        before: Any = serializer.instance
        if serializer.validated_data.get("unit", before.unit) != before.unit and catalogue.is_plan_in_use(before):
            raise serializers.ValidationError({"unit": ["Resources pay by this unit: make another plan."]})
        plan = serializer.save()
        note_prices([plan])
        self._tell("marketplace_plan_updated", plan, "has been changed")

    def perform_destroy(self, plan: Plan) -> None:
        if plan.resources.exists() or plan.orders.exists():
            raise Conflict("The plan has been ordered: archive it instead.")
        plan.delete()

    @extend_schema(request=None, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, uuid: str) -> Response:
        """Close the plan to new orders; resources keep it."""
        plan = self.get_object()
        plan.archived = True
        plan.save(update_fields=["archived", "modified"])
        self._tell("marketplace_plan_archived", plan, "has been archived")
        return Response({"detail": "The plan has been archived."})

    @extend_schema(request=PricesUpdateSerializer, responses=ProviderPlanSerializer)
    @action(detail=True, methods=["post"])
    def update_prices(self, request: Request, uuid: str) -> Response:
        """Change prices; those not named stay. When the plan is in use they apply from the next month on."""
        plan = self.get_object()
        serializer = PricesUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        catalogue.set_prices(plan, serializer.validated_data["prices"])
        return self._changed(plan, "has new prices")

    @extend_schema(request=QuotasUpdateSerializer, responses=ProviderPlanSerializer)
    @action(detail=True, methods=["post"])
    def update_quotas(self, request: Request, uuid: str) -> Response:
        """Change the included amounts of fixed components; those not named stay."""
        plan = self.get_object()
        serializer = QuotasUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        catalogue.set_amounts(plan, serializer.validated_data["quotas"])
        return self._changed(plan, "has new amounts")

    def _changed(self, plan: Plan, what: str) -> Response:
        self._tell("marketplace_plan_updated", plan, what)
        return Response(self.get_serializer(self.get_queryset().get(pk=plan.pk)).data)

    def _tell(self, event_type: str, plan: Plan, what: str) -> None:
        text = f"The plan {plan} of {plan.offering} {what}."
        record(event_type, text, scope=plan.offering, actor=self.request.user, plan_uuid=plan.uuid.hex)


class PlanComponentFilter(django_filters.FilterSet):
    offering_uuid = UUIDFilter(field_name="plan__offering__uuid")
    plan_uuid = UUIDFilter(field_name="plan__uuid")
    archived = BooleanFilter(field_name="plan__archived")
    shared = BooleanFilter(field_name="plan__offering__shared")

    class Meta:
        model = PlanComponent
        fields = ()


class PlanComponentViewSet(ReadOnlyViewSet):
    """Every price you see, one by one."""

    queryset = PlanComponent.objects.select_related("plan__offering", "component")
    serializer_class = PlanComponentSerializer
    filterset_class = PlanComponentFilter
    lookup_field = "id"
    lookup_value_regex = "[0-9]+"
    access = {"list": Visible(), "retrieve": Visible()}
