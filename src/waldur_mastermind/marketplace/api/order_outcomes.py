"""The provider reports what became of an order that a person or an agent executes."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer, OrderInfoResponseSerializer
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.order_serializers import BackendIDSerializer, OrderErrorSerializer
from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace.orders import checks, complete, fail, processing, resume, unlinking
from waldur_mastermind.marketplace.plugins import plugin_for


class OrderOutcomesMixin:
    """Executing, done, erred; and staff's way to forget an order."""

    @extend_schema(request=None, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def set_state_executing(self, request: Request, uuid: str) -> Response:
        """Begin with an order that waits for its provider, or once more with one that failed."""
        order = self._manual_order()
        if order.state == Order.State.PENDING_PROVIDER:
            checks.check_still_possible(order)
            processing.approve_by_provider(order, request.user)
        elif order.state == Order.State.ERRED:
            checks.check_no_unfinished_order(order.resource)
            resume(order, actor=request.user)
        else:
            raise Conflict(f"The order is {order.state}; this is possible only in pending-provider or erred.")
        return Response({"detail": "The order is executing."})

    @extend_schema(request=None, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def set_state_done(self, request: Request, uuid: str) -> Response:
        """The order is done: its resource is OK, or Terminated."""
        complete(self._manual_order(), actor=request.user)
        return Response({"detail": "The order is done."})

    @extend_schema(request=OrderErrorSerializer, responses=OrderInfoResponseSerializer)
    @action(detail=True, methods=["post"])
    def set_state_erred(self, request: Request, uuid: str) -> Response:
        """The order has failed, and why."""
        order, error = self._manual_order(), read(OrderErrorSerializer(data=request.data))
        fail(order, error["error_message"], error["error_traceback"], actor=request.user)
        return Response({"detail": "The order has failed."})

    @extend_schema(request=BackendIDSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_backend_id(self, request: Request, uuid: str) -> Response:
        """Note the provider's own number of the order."""
        order: Order = self.get_object()  # type: ignore[attr-defined]
        order.backend_id = read(BackendIDSerializer(data=request.data))["backend_id"]
        order.save(update_fields=["backend_id", "modified"])
        return Response({"status": "The backend id of the order has been set."})

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, uuid: str) -> Response:
        """Forget the order; nothing is asked of the service."""
        unlinking.unlink_order(self.get_object(), request.user)  # type: ignore[attr-defined]
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _manual_order(self) -> Order:
        """The order, if its outcome is the provider's to tell; staff may tell it of any."""
        order: Order = self.get_object()  # type: ignore[attr-defined]
        if not plugin_for(order.offering).manual and not self.request.user.is_staff:  # type: ignore[attr-defined]
            raise Conflict("Orders of this offering type end by themselves.")
        return order
