"""Changes of a resource that are orders: ending it, other limits, another plan."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.resource_serializers import (
    LimitsUpdateSerializer,
    OrderUUIDSerializer,
    PlanSwitchSerializer,
    TerminationSerializer,
)
from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace.orders.requests import order_limits, order_plan, order_restoration, order_termination


class TerminationMixin:
    """Ending a resource."""

    @extend_schema(request=TerminationSerializer, responses=OrderUUIDSerializer)
    @action(detail=True, methods=["post"])
    def terminate(self, request: Request, uuid: str) -> Response:
        """Order the end of the resource; refused at once when it is in use."""
        resource = self.get_object()  # type: ignore[attr-defined]
        data = read(TerminationSerializer(data=request.data))
        comment = data["termination_comment"]
        order = order_termination(resource, data["attributes"], request.user, termination_comment=comment)
        return answer(order)


class RestorationMixin:
    """Having back what was ended."""

    @extend_schema(request=None, responses=OrderUUIDSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, uuid: str) -> Response:
        """Order back what was ended; only some offering types can do that."""
        return answer(order_restoration(self.get_object(), request.user))  # type: ignore[attr-defined]


class ResourceOrdersMixin:
    """Other limits, another plan."""

    @extend_schema(request=LimitsUpdateSerializer, responses=OrderUUIDSerializer)
    @action(detail=True, methods=["post"])
    def update_limits(self, request: Request, uuid: str) -> Response:
        """Order other limits; those not named stay."""
        resource = self.get_object()  # type: ignore[attr-defined]
        data = read(LimitsUpdateSerializer(data=request.data))
        comment = data.get("request_comment") or ""
        return answer(order_limits(resource, data["limits"], request.user, request_comment=comment))

    @extend_schema(request=PlanSwitchSerializer, responses=OrderUUIDSerializer)
    @action(detail=True, methods=["post"])
    def switch_plan(self, request: Request, uuid: str) -> Response:
        """Order another plan of the same offering."""
        resource = self.get_object()  # type: ignore[attr-defined]
        context = self.get_serializer_context()  # type: ignore[attr-defined]
        plan = read(PlanSwitchSerializer(data=request.data, context=context))["plan"]
        return answer(order_plan(resource, plan, request.user))


def answer(order: Order) -> Response:
    return Response({"order_uuid": order.uuid.hex})
