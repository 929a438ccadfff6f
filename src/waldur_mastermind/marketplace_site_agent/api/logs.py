"""`/api/marketplace-site-agent-logs/`: what agents wrote to their logs; they send it in batches."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.filters import MultiValueFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, ModelSerializer, link_to
from waldur_core.rest.views import GenericViewSet
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace_site_agent.models import AgentIdentity, AgentLog

KEPT = timedelta(days=14)
SIZE: Any = {"allow_empty": False, "max_length": 20_000}  # lines; the agent keeps about 1 MB between two shipments
LATEST = 1e11  # seconds since 1970


class AgentLogSerializer(ModelSerializer):
    offering = serializers.SerializerMethodField()
    offering_uuid = HexUUIDField(source="identity.offering.uuid", read_only=True)
    agent_identity_uuid = HexUUIDField(source="identity.uuid", read_only=True)

    class Meta:
        model = AgentLog
        fields = (
            "uuid", "offering", "offering_uuid", "agent_identity_uuid", "timestamp", "level", "message", "module",
            "created",
        )  # fmt: skip
        read_only_fields = fields

    def get_offering(self, line: AgentLog) -> str:
        return link_to("marketplace-provider-offering-detail", line.identity.offering.uuid, self.context)


class NewAgentLogSerializer(serializers.Serializer[Any]):
    agent_identity_uuid = HexUUIDField()
    timestamp = serializers.FloatField(help_text="In seconds since 1970.")
    level = serializers.ChoiceField(choices=AgentLog.Level.choices)
    message = serializers.CharField(allow_blank=True, trim_whitespace=False)
    module = serializers.CharField(max_length=255, allow_blank=True)

    def validate_timestamp(self, value: float) -> float:
        if not 0 <= value <= LATEST:  # so that neither NaN nor infinity is stored
            raise serializers.ValidationError("Give the seconds since 1970.")
        return value


class BatchSerializer(serializers.Serializer[Any]):
    """The body, under a name by which errors can be told."""

    lines = NewAgentLogSerializer(many=True, **SIZE)


class AgentLogFilter(django_filters.FilterSet):
    agent_identity_uuid = UUIDFilter(field_name="identity__uuid")
    offering_uuid = UUIDFilter(field_name="identity__offering__uuid")
    level = MultiValueFilter()
    timestamp_from = django_filters.NumberFilter(field_name="timestamp", lookup_expr="gte")
    timestamp_to = django_filters.NumberFilter(field_name="timestamp", lookup_expr="lte")

    class Meta:
        model = AgentLog
        fields = ()


class AgentLogViewSet(ListModelMixin, GenericViewSet):
    """The logs of the agents of your offerings, of the last two weeks."""

    queryset = AgentLog.objects.select_related("identity__offering")
    serializer_class = AgentLogSerializer
    filterset_class = AgentLogFilter
    ordering_fields = {"timestamp": "timestamp", "created": "created", "level": "level"}
    access = {
        "list": Visible(),
        "create": InBody(permission=Permission.OFFERING_UPDATE, on="the offering of each agent"),
    }

    @extend_schema(
        request=NewAgentLogSerializer(many=True), responses={201: AgentLogSerializer(many=True)}, filters=False
    )
    def create(self, request: Request) -> Response:
        """Keep these lines, or none of them when one is wrong."""
        lines: list[Any] = read(BatchSerializer(data={"lines": request.data}))["lines"]
        agents = self._agents({line["agent_identity_uuid"] for line in lines})
        kept = [AgentLog(identity=agents[line.pop("agent_identity_uuid")], **line) for line in lines]
        AgentLog.objects.filter(created__lt=timezone.now() - KEPT).delete()
        AgentLog.objects.bulk_create(kept, batch_size=1000)
        return Response(self.get_serializer(kept, many=True).data, status=status.HTTP_201_CREATED)

    def _agents(self, uuids: set[UUID]) -> dict[UUID, AgentIdentity]:
        """The agents that are named, of each of whose offerings the caller may tell."""
        known = AgentIdentity.objects.filter(uuid__in=uuids).select_related("offering__customer")
        agents = {agent.uuid: agent for agent in visible_to(self.request.user, known)}
        if unknown := uuids - agents.keys():
            words = ", ".join(sorted(uuid.hex for uuid in unknown))
            raise ValidationError({"agent_identity_uuid": [f"There is no such agent: {words}."]})
        offerings = {agent.offering_id: agent.offering for agent in agents.values()}.values()
        for offering in offerings:
            require_permission(self.request.user, Permission.OFFERING_UPDATE, [offering, offering.customer])
        return agents
