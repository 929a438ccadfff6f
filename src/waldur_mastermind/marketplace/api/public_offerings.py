"""`/api/marketplace-public-offerings/`: what is on sale."""

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Visible
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace.api.offering_filters import ORDERING, OfferingFilter
from waldur_mastermind.marketplace.api.offering_serializers import PublicOfferingSerializer, with_parts
from waldur_mastermind.marketplace.api.plan_serializers import PublicPlanSerializer
from waldur_mastermind.marketplace.models import Offering, Plan

PLAN_UUID = OpenApiParameter("plan_uuid", OpenApiTypes.UUID, OpenApiParameter.PATH)


class PublicOfferingViewSet(ReadOnlyViewSet):
    """What is on sale: shared offerings, and those private to your customers and projects."""

    queryset = with_parts(Offering.objects.filter(state__in=Offering.PUBLIC), Plan.objects.filter(archived=False))
    serializer_class = PublicOfferingSerializer
    filterset_class = OfferingFilter
    ordering_fields = ORDERING
    access = {"list": Visible(), "retrieve": Visible(), "plans": Visible(), "plan": Visible()}

    @extend_schema(responses=PublicPlanSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def plans(self, request: Request, uuid: str) -> Response:
        """The plans one can order."""
        plans = self.get_object().plans.all()
        return Response(PublicPlanSerializer(plans, many=True, context=self.get_serializer_context()).data)

    @extend_schema(parameters=[PLAN_UUID], responses=PublicPlanSerializer)
    @action(detail=True, url_path=r"plans/(?P<plan_uuid>[0-9a-fA-F]{32}|[0-9a-fA-F-]{36})")
    def plan(self, request: Request, uuid: str, plan_uuid: str) -> Response:
        """One of the plans."""
        wanted = UUID(plan_uuid)
        found = next((plan for plan in self.get_object().plans.all() if plan.uuid == wanted), None)
        if found is None:
            raise NotFound
        return Response(PublicPlanSerializer(found, context=self.get_serializer_context()).data)
