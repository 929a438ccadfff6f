"""`/api/marketplace-provider-offerings/`: a provider's own offerings, in every state."""

from typing import Any

from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Holder, InBody, Staff, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.api.memberships import MembershipsMixin, membership_access
from waldur_core.structure.models import Customer
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.api.offering_components import OfferingComponentsMixin
from waldur_mastermind.marketplace.api.offering_exports import OfferingExportsMixin
from waldur_mastermind.marketplace.api.offering_filters import ORDERING, OfferingFilter
from waldur_mastermind.marketplace.api.offering_imports import OfferingImportsMixin
from waldur_mastermind.marketplace.api.offering_serializers import (
    DetailStateSerializer,
    NewOfferingSerializer,
    PauseSerializer,
    ProviderOfferingSerializer,
    with_parts,
)
from waldur_mastermind.marketplace.api.offering_updates import OfferingUpdatesMixin
from waldur_mastermind.marketplace.api.order_serializers import OrderSerializer, with_details
from waldur_mastermind.marketplace.api.sight import as_provider
from waldur_mastermind.marketplace.models import Offering, Order, Plan

State = Offering.State
PROVIDER = ("", "customer")


def holder(permission: Permission) -> Holder:
    return Holder(permission=permission, on=PROVIDER)


def require_offering(*states: str) -> Any:
    """A precondition: the offering is in one of `states`, else 409."""

    def check(offering: Offering) -> None:
        if offering.state not in states:
            raise Conflict(f"The offering is {offering.state}; this is possible only in {' or '.join(states)}.")

    return check


class ProviderOfferingViewSet(
    OfferingExportsMixin,
    OfferingUpdatesMixin,
    OfferingComponentsMixin,
    OfferingImportsMixin,
    MembershipsMixin,
    mixins.DestroyModelMixin,
    ReadOnlyViewSet,
):
    """The offerings of the customers and offerings on which you have a role."""

    queryset = with_parts(Offering.objects.all(), Plan.objects.all())
    serializer_class = ProviderOfferingSerializer
    filterset_class = OfferingFilter
    ordering_fields = ORDERING
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=Permission.OFFERING_CREATE, on="the customer"),
        "import_offering": InBody(permission=Permission.OFFERING_CREATE, on="the customer"),
        "export_offering": holder(Permission.OFFERING_UPDATE),
        "destroy": Holder(permission=Permission.OFFERING_DELETE, on=("customer",)),
        "update_description": holder(Permission.OFFERING_UPDATE_DESCRIPTION),
        "update_overview": holder(Permission.OFFERING_UPDATE),
        "update_location": holder(Permission.OFFERING_UPDATE_LOCATION),
        "update_attributes": holder(Permission.OFFERING_UPDATE_ATTRIBUTES),
        "update_options": holder(Permission.OFFERING_UPDATE_OPTIONS),
        "update_resource_options": holder(Permission.OFFERING_UPDATE_OPTIONS),
        "update_integration": holder(Permission.OFFERING_UPDATE_INTEGRATION),
        "create_offering_component": holder(Permission.OFFERING_UPDATE_COMPONENTS),
        "update_offering_component": holder(Permission.OFFERING_UPDATE_COMPONENTS),
        "remove_offering_component": holder(Permission.OFFERING_UPDATE_COMPONENTS),
        "activate": Holder(permission=Permission.OFFERING_UPDATE, on=("customer",)),
        "pause": holder(Permission.OFFERING_PAUSE),
        "unpause": holder(Permission.OFFERING_UNPAUSE),
        "archive": holder(Permission.OFFERING_ARCHIVE),
        "draft": Staff(),
        "make_available": holder(Permission.OFFERING_UNPAUSE),
        "make_unavailable": holder(Permission.OFFERING_PAUSE),
        "importable_resources": holder(Permission.RESOURCE_LIST_IMPORTABLE),
        "import_resource": holder(Permission.RESOURCE_LIST_IMPORTABLE),
        "orders": holder(Permission.OFFERING_UPDATE),
        "state_counters": Visible(),
        **membership_access("OFFERING", on=PROVIDER),
    }
    non_atomic = frozenset({"import_resource"})
    preconditions = {
        "import_resource": (require_offering(State.ACTIVE, State.PAUSED),),
        "destroy": (require_offering(State.DRAFT),),
        "activate": (require_offering(State.DRAFT),),
        "unpause": (require_offering(State.PAUSED),),
        "make_available": (require_offering(State.UNAVAILABLE),),
    }

    def get_queryset(self) -> QuerySet[Offering]:
        return as_provider(self.request.user, super().get_queryset())

    @extend_schema(request=NewOfferingSerializer, responses={201: ProviderOfferingSerializer})
    def create(self, request: Request) -> Response:
        """A new Draft, with its components, plans, and connection to its service."""
        answer = self._answer(self._create(request.data))
        answer.status_code = status.HTTP_201_CREATED
        return answer

    def _create(self, body: Any) -> Offering:
        serializer = NewOfferingSerializer(data=body, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        fields, user = dict(serializer.validated_data), self.request.user
        require_permission(user, Permission.OFFERING_CREATE, [fields["customer"]])
        _check_provider(fields["customer"])
        integration = {**fields.pop("secret_options", {}), **fields.pop("service_attributes", {})}
        return catalogue.create_offering(
            {key: value for key, value in fields.items() if key not in ("components", "plans")},
            integration=integration,
            components=fields.get("components", ()),
            plans=fields.get("plans", ()),
            actor=user,
        )

    def perform_destroy(self, offering: Offering) -> None:
        if offering.resources.exists():
            raise Conflict("The offering has resources.")
        offering.delete()

    @extend_schema(request=None, responses=DetailStateSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, uuid: str) -> Response:
        """Put the offering on sale; it needs a plan."""
        offering = self.get_object()
        catalogue.check_ready(offering)
        return self._move(offering, State.ACTIVE)

    @extend_schema(request=PauseSerializer, responses=DetailStateSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, uuid: str) -> Response:
        """Take no new orders for a while; resources go on, and can be changed and ended."""
        offering = self.get_object()
        return self._move(
            offering, State.PAUSED, paused_reason=self._read(PauseSerializer(data=request.data))["paused_reason"]
        )

    @extend_schema(request=None, responses=DetailStateSerializer)
    @action(detail=True, methods=["post"])
    def unpause(self, request: Request, uuid: str) -> Response:
        """Take orders again."""
        return self._move(self.get_object(), State.ACTIVE, paused_reason="")

    @extend_schema(request=None, responses=DetailStateSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, uuid: str) -> Response:
        """Close the offering for good."""
        return self._move(self.get_object(), State.ARCHIVED)

    @extend_schema(request=None, responses=DetailStateSerializer)
    @action(detail=True, methods=["post"])
    def draft(self, request: Request, uuid: str) -> Response:
        """Take the offering back to the drawing board."""
        return self._move(self.get_object(), State.DRAFT)

    @extend_schema(request=None, responses=DetailStateSerializer)
    @action(detail=True, methods=["post"])
    def make_available(self, request: Request, uuid: str) -> Response:
        """The service is back: take orders again."""
        return self._move(self.get_object(), State.ACTIVE)

    @extend_schema(request=None, responses=DetailStateSerializer)
    @action(detail=True, methods=["post"])
    def make_unavailable(self, request: Request, uuid: str) -> Response:
        """The service is out of order: show the offering to nobody but its provider."""
        return self._move(self.get_object(), State.UNAVAILABLE)

    @extend_schema(responses=OrderSerializer(many=True), filters=False)
    @action(detail=True, filterset_class=None)
    def orders(self, request: Request, uuid: str) -> Response:
        """The orders of this offering."""
        page = self.paginate_queryset(with_details(Order.objects.filter(offering=self.get_object())))
        serializer = OrderSerializer(page, many=True, context=self.get_serializer_context())
        return self.get_paginated_response(serializer.data)

    @extend_schema(
        responses=inline_serializer(
            "OfferingStateCounters", {state.name.lower(): serializers.IntegerField() for state in State}
        ),
    )
    @action(detail=False, pagination_class=None)
    def state_counters(self, request: Request) -> Response:
        """How many offerings are in each state, among those that match the filters."""
        rows = self.filter_queryset(self.get_queryset()).order_by().values_list("state").annotate(number=Count("pk"))
        found = dict(rows)
        return Response({state.name.lower(): found.get(state.value, 0) for state in State})

    def _move(self, offering: Offering, state: str, **fields: Any) -> Response:
        offering.enter(state, **fields)
        text = f"The offering {offering} is now {state}."
        record("marketplace_offering_updated", text, scope=offering, actor=self.request.user)
        return Response({"detail": text, "state": state})


def _check_provider(customer: Customer) -> None:
    if customer.blocked or customer.archived:
        raise ValidationError({"customer": ["The customer is blocked or archived."]})
    if not hasattr(customer, "service_provider"):
        raise ValidationError({"customer": ["The customer is not a service provider."]})
