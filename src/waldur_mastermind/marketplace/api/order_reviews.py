"""The two sides of an order say yes or no."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace.api.fields import OrderInfoResponseSerializer
from waldur_mastermind.marketplace.api.order_serializers import (
    ConsumerRejectionSerializer,
    ProviderApprovalSerializer,
    ProviderRejectionSerializer,
)
from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace.orders import checks, processing

State = Order.State


def require_order(*states: str) -> Any:
    """A precondition: the order is in one of `states`, else 409."""

    def check(order: Order) -> None:
        if order.state not in states:
            raise Conflict(f"The order is {order.state}; this is possible only in {' or '.join(states)}.")

    return check


REVIEW_PRECONDITIONS = {
    "approve_by_consumer": (require_order(State.PENDING_CONSUMER),),
    "reject_by_consumer": (require_order(State.PENDING_CONSUMER),),
    "approve_by_provider": (require_order(State.PENDING_PROVIDER),),
    "reject_by_provider": (require_order(State.PENDING_PROVIDER),),
    "cancel": (require_order(*Order.UNFINISHED),),
}


def read(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class OrderReviewsMixin:
    """Approve, reject and cancel."""

    @extend_schema(request=None, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def approve_by_consumer(self, request: Request, uuid: str) -> Response:
        """Say yes for those who pay."""
        order: Order = self.get_object()  # type: ignore[attr-defined]
        checks.check_still_possible(order)
        processing.approve_by_consumer(order, request.user)
        return Response({"detail": "The order has been approved."})

    @extend_schema(request=ConsumerRejectionSerializer, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def reject_by_consumer(self, request: Request, uuid: str) -> Response:
        """Say no for those who pay."""
        order: Order = self.get_object()  # type: ignore[attr-defined]
        processing.reject(order, request.user, **read(ConsumerRejectionSerializer(data=request.data)))
        return Response({"detail": "The order has been rejected."})

    @extend_schema(request=ProviderApprovalSerializer, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def approve_by_provider(self, request: Request, uuid: str) -> Response:
        """Say yes for those who provide; attributes may be added."""
        order: Order = self.get_object()  # type: ignore[attr-defined]
        attributes = read(ProviderApprovalSerializer(data=request.data))["attributes"]
        checks.check_still_possible(order)
        processing.approve_by_provider(order, request.user, attributes)
        return Response({"detail": "The order has been approved."})

    @extend_schema(request=ProviderRejectionSerializer, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def reject_by_provider(self, request: Request, uuid: str) -> Response:
        """Say no for those who provide."""
        order: Order = self.get_object()  # type: ignore[attr-defined]
        processing.reject(order, request.user, **read(ProviderRejectionSerializer(data=request.data)))
        return Response({"detail": "The order has been rejected."})

    @extend_schema(request=None, responses={202: OrderInfoResponseSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uuid: str) -> Response:
        """Withdraw an order that has not begun, or that a person at the provider is working on."""
        processing.cancel(self.get_object(), request.user)  # type: ignore[attr-defined]
        return Response({"detail": "The order has been canceled."}, status=status.HTTP_202_ACCEPTED)
