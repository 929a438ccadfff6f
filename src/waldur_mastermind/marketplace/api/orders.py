"""`/api/marketplace-orders/`: asking, approving, and seeing what became of it."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Holder, Staff, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visibility
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.models import Project, User
from waldur_mastermind.marketplace.api.access import ConsumerReviewer, provider
from waldur_mastermind.marketplace.api.offering_serializers import PublicOfferingSerializer, with_parts
from waldur_mastermind.marketplace.api.order_filters import ORDERING, OrderFilter
from waldur_mastermind.marketplace.api.order_outcomes import OrderOutcomesMixin
from waldur_mastermind.marketplace.api.order_reviews import (
    REVIEW_PRECONDITIONS,
    OrderReviewsMixin,
    read,
    require_order,
)
from waldur_mastermind.marketplace.api.order_serializers import NewOrderSerializer, OrderSerializer, with_details
from waldur_mastermind.marketplace.api.resource_serializers import ResourceSerializer, with_everything
from waldur_mastermind.marketplace.models import Offering, Order, Plan, Resource
from waldur_mastermind.marketplace.orders.requests import order_create
from waldur_mastermind.marketplace.orders.unlinking import withdraw
from waldur_mastermind.marketplace.plugins import OrderRequest

REMEMBERED = timedelta(hours=24)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key within 24 hours answers the first order with 200 and orders nothing.",
)


class OrderViewSet(OrderReviewsMixin, OrderOutcomesMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """Orders of your projects, and orders of your offerings."""

    queryset = with_details(Order.objects.all())
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    ordering_fields = ORDERING
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": Visible(),
        "destroy": Holder(permission=Permission.ORDER_DESTROY),
        "approve_by_consumer": ConsumerReviewer(),
        "reject_by_consumer": ConsumerReviewer(),
        "approve_by_provider": provider(Permission.ORDER_APPROVE),
        "reject_by_provider": provider(Permission.ORDER_REJECT),
        "cancel": Holder(permission=Permission.ORDER_CANCEL),
        "set_state_executing": provider(Permission.ORDER_APPROVE),
        "set_state_done": provider(Permission.ORDER_APPROVE),
        "set_state_erred": provider(Permission.ORDER_APPROVE),
        "set_backend_id": provider(Permission.ORDER_APPROVE),
        "unlink": Staff(),
        "offering": Visible(),
        "resource": Visible(),
    }
    preconditions = {**REVIEW_PRECONDITIONS, "destroy": (require_order(Order.State.PENDING_CONSUMER),)}

    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=NewOrderSerializer, responses={201: OrderSerializer})
    def create(self, request: Request) -> Response:
        """Order something for a project. It begins at once, or when those who must have approved it."""
        key = request.headers.get("Idempotency-Key", "")
        if key and (earlier := self._earlier(key)):
            return Response(self.get_serializer(earlier).data)
        data = read(NewOrderSerializer(data=request.data, context=self.get_serializer_context()))
        require_member(request.user, data["project"])
        asked = OrderRequest(
            user=request.user,
            request=request,
            **{name: data[name] for name in ("offering", "project", "plan", "attributes", "limits")},
        )
        order = order_create(
            asked,
            accepts_terms=data["accepting_terms_of_service"],
            idempotency_key=key,
            start_date=data.get("start_date"),
            **{name: data.get(name) or "" for name in ("callback_url", "request_comment", "slug")},
        )
        fresh = self.get_queryset().get(pk=order.pk)
        return Response(self.get_serializer(fresh).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, order: Order) -> None:
        withdraw(order, self.request.user)

    @extend_schema(responses=PublicOfferingSerializer, filters=False)
    @action(detail=True)
    def offering(self, request: Request, uuid: str) -> Response:
        """What was ordered."""
        offering = with_parts(Offering.objects.filter(pk=self.get_object().offering_id), Plan.objects.all()).get()
        return Response(PublicOfferingSerializer(offering, context=self.get_serializer_context()).data)

    @extend_schema(responses=ResourceSerializer, filters=False)
    @action(detail=True)
    def resource(self, request: Request, uuid: str) -> Response:
        """What came of it."""
        resource = with_everything(Resource.objects.filter(pk=self.get_object().resource_id)).get()
        return Response(ResourceSerializer(resource, context=self.get_serializer_context()).data)

    def _earlier(self, key: str) -> Any:
        """The caller's first order with this key. His row is locked, so that two requests cannot both be first."""
        if len(key) > 255:
            raise ValidationError({"Idempotency-Key": ["At most 255 characters."]})
        User.objects.select_for_update(no_key=True).get(username=self.request.user.get_username())
        since = timezone.now() - REMEMBERED
        own = self.get_queryset().filter(created_by=self.request.user, idempotency_key=key, created__gte=since)
        return own.order_by("created").first()


def require_member(user: Any, project: Project) -> None:
    """Support sees every project but orders only in its own."""
    if not user.is_staff and not Project.objects.filter(visibility(user, Project), uuid=project.uuid).exists():
        raise PermissionDenied("You are not a member of this project.")
