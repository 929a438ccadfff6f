"""`/api/marketplace-site-agent-identities/`, `-services/`, `-processors/`: which agents work, and at what."""

from typing import Any

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import UUIDFilter
from waldur_core.rest.pagination import WholeUnlessAsked
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace.api.fields import ObjectField
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace_site_agent.api.access import agent
from waldur_mastermind.marketplace_site_agent.api.identity_serializers import (
    AgentIdentitySerializer,
    AgentProcessorSerializer,
    AgentServiceSerializer,
    NewProcessorSerializer,
    NewServiceSerializer,
)
from waldur_mastermind.marketplace_site_agent.api.queues import QueueMixin
from waldur_mastermind.marketplace_site_agent.models import AgentIdentity, AgentProcessor, AgentService


class AgentIdentityFilter(django_filters.FilterSet):
    name = django_filters.CharFilter()
    version = django_filters.CharFilter()
    offering_uuid = UUIDFilter(field_name="offering__uuid")

    class Meta:
        model = AgentIdentity
        fields = ()


class AgentIdentityViewSet(QueueMixin, mixins.CreateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """The agents of your offerings. An agent makes itself known when it starts."""

    queryset = AgentIdentity.objects.select_related("offering__customer", "created_by").prefetch_related("services")
    serializer_class = AgentIdentitySerializer
    filterset_class = AgentIdentityFilter
    pagination_class = WholeUnlessAsked
    ordering_fields = {"name": "name", "created": "created", "last_restarted": "last_restarted"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=Permission.OFFERING_UPDATE, on="the offering"),
        "update": agent("offering"),
        "destroy": agent("offering"),
        "register_service": agent("offering"),
        "register_queue": agent("offering"),
    }
    non_atomic = frozenset({"register_queue"})

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """The modes of an agent start at once, and each says who it is: whoever comes second finds the first."""
        data: Any = dict(serializer.validated_data)
        key = {name: data.pop(name) for name in ("offering", "name")}
        first = {**data, "created_by": self.request.user}
        serializer.instance, _ = AgentIdentity.objects.update_or_create(**key, defaults=data, create_defaults=first)

    def update(self, request: Request, uuid: str) -> Response:
        """The agent has started again: its version, dependencies and configuration are these."""
        serializer = self.get_serializer(self.get_object(), data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    @extend_schema(request=NewServiceSerializer, responses={200: AgentServiceSerializer, 201: AgentServiceSerializer})
    @action(detail=True, methods=["post"])
    def register_service(self, request: Request, uuid: str) -> Response:
        """The agent does this kind of work now: 201 when it is new, 200 when it did before."""
        identity = self.get_object()
        data = read(NewServiceSerializer(data=request.data))
        service, made = AgentService.objects.update_or_create(
            identity=identity, name=data["name"], defaults={"mode": data["mode"] or ""}
        )
        return self._answer(AgentServiceSerializer, service, made)

    def _answer(self, serializer: Any, row: Any, made: bool) -> Response:
        code = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(serializer(row, context=self.get_serializer_context()).data, status=code)


class AgentServiceFilter(django_filters.FilterSet):
    name = django_filters.CharFilter()
    mode = django_filters.CharFilter()
    identity_uuid = UUIDFilter(field_name="identity__uuid")
    offering_uuid = UUIDFilter(field_name="identity__offering__uuid")

    class Meta:
        model = AgentService
        fields = ()


class StatisticsSerializer(serializers.Serializer[Any]):
    statistics = ObjectField()


class AgentServiceViewSet(mixins.DestroyModelMixin, ReadOnlyViewSet):
    """The kinds of work that the agents of your offerings do."""

    queryset = AgentService.objects.select_related("identity__offering__customer").prefetch_related("processors")
    serializer_class = AgentServiceSerializer
    filterset_class = AgentServiceFilter
    ordering_fields = {"name": "name", "created": "created", "modified": "modified"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "destroy": agent("identity.offering"),
        "register_processor": agent("identity.offering"),
        "set_statistics": agent("identity.offering"),
    }

    @extend_schema(
        request=NewProcessorSerializer, responses={200: AgentProcessorSerializer, 201: AgentProcessorSerializer}
    )
    @action(detail=True, methods=["post"])
    def register_processor(self, request: Request, uuid: str) -> Response:
        """The service works on this back end now: 201 when it is new, 200 when it did before."""
        service = self.get_object()
        data = read(NewProcessorSerializer(data=request.data))
        columns = {"backend_type": data["backend_type"], "backend_version": data["backend_version"] or ""}
        processor, made = AgentProcessor.objects.update_or_create(
            service=service, name=data["name"], defaults={**columns, "last_run": timezone.now()}
        )
        code = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(AgentProcessorSerializer(processor, context=self.get_serializer_context()).data, status=code)

    @extend_schema(request=StatisticsSerializer, responses=AgentServiceSerializer)
    @action(detail=True, methods=["post"])
    def set_statistics(self, request: Request, uuid: str) -> Response:
        """Replace what the service counts of its work."""
        service: Any = self.get_object()
        service.statistics = read(StatisticsSerializer(data=request.data))["statistics"]
        service.save(update_fields=["statistics", "modified"])
        return Response(self.get_serializer(service).data)


class AgentProcessorFilter(django_filters.FilterSet):
    service_uuid = UUIDFilter(field_name="service__uuid")
    backend_type = django_filters.CharFilter()

    class Meta:
        model = AgentProcessor
        fields = ()


class AgentProcessorViewSet(mixins.DestroyModelMixin, ReadOnlyViewSet):
    """What does the work of your agents, on which kind of back end."""

    queryset = AgentProcessor.objects.select_related("service__identity__offering__customer")
    serializer_class = AgentProcessorSerializer
    filterset_class = AgentProcessorFilter
    ordering_fields = {"name": "name", "created": "created", "last_run": "last_run"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "destroy": agent("service.identity.offering"),
    }
