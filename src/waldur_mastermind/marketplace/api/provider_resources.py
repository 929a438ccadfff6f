"""`/api/marketplace-provider-resources/`: what a provider and his agents report of the resources they run."""

from typing import Any
from uuid import uuid4

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.strings import Permission
from waldur_mastermind.marketplace import access_renewal
from waldur_mastermind.marketplace.api.access import provider
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.order_serializers import BackendIDSerializer, OrderErrorSerializer
from waldur_mastermind.marketplace.api.resource_marks import ResourceMarksMixin
from waldur_mastermind.marketplace.api.resource_serializers import (
    BackendMetadataSerializer,
    EffectiveIDSerializer,
    EndDateSerializer,
    EndpointsSerializer,
    ReportSerializer,
    ResourceLimitsSerializer,
)
from waldur_mastermind.marketplace.api.resources import BASE_ACCESS, BaseResourceViewSet
from waldur_mastermind.marketplace.api.sight import as_provider
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace.orders import periods, set_resource_state
from waldur_mastermind.marketplace.orders.limits import in_components, told_limits
from waldur_mastermind.marketplace.secrets import split


class ProviderResourceViewSet(ResourceMarksMixin, BaseResourceViewSet):
    """The resources of the offerings on which, or on whose customer, you have a role."""

    access = {
        **BASE_ACCESS,
        "update": provider(Permission.RESOURCE_UPDATE),
        "partial_update": provider(Permission.RESOURCE_UPDATE),
        "terminate": provider(Permission.RESOURCE_TERMINATE),
        "restore": provider(Permission.RESOURCE_TERMINATE),
        "set_backend_id": provider(Permission.RESOURCE_SET_BACKEND_ID),
        "set_backend_metadata": provider(Permission.RESOURCE_SET_BACKEND_METADATA),
        "submit_report": provider(Permission.RESOURCE_SUBMIT_REPORT),
        "set_limits": provider(Permission.RESOURCE_SET_LIMITS),
        "set_as_ok": provider(Permission.RESOURCE_SET_STATE),
        "set_as_erred": provider(Permission.RESOURCE_SET_STATE),
        "set_end_date_by_provider": provider(Permission.RESOURCE_SET_END_DATE),
        "refresh_last_sync": provider(Permission.RESOURCE_SET_BACKEND_METADATA),
        "set_endpoints": provider(Permission.RESOURCE_SET_BACKEND_METADATA),
        "set_effective_id": provider(Permission.RESOURCE_SET_BACKEND_ID),
        "set_paused": provider(Permission.RESOURCE_SET_STATE),
        "set_downscaled": provider(Permission.RESOURCE_SET_STATE),
        "set_restrict_member_access": provider(Permission.RESOURCE_SET_STATE),
    }

    def get_queryset(self) -> QuerySet[Resource]:
        return as_provider(self.request.user, super().get_queryset(), "offering")

    @extend_schema(request=BackendIDSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_backend_id(self, request: Request, uuid: str) -> Response:
        """Note under which id the service knows the resource."""
        return self._write(BackendIDSerializer(data=request.data), "The backend id has been set.")

    @extend_schema(request=BackendMetadataSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_backend_metadata(self, request: Request, uuid: str) -> Response:
        """Replace what the service tells about the resource. Password-like values are kept encrypted."""
        resource: Any = self.get_object()
        told = read(BackendMetadataSerializer(data=request.data))["backend_metadata"]
        told = access_renewal.keep_wish(resource, told)
        resource.backend_metadata, resource.secret_metadata = split(told, resource.secret_metadata)
        resource.save(update_fields=["backend_metadata", "secret_metadata", "modified"])
        return Response({"status": "The metadata have been set."})

    @extend_schema(request=EndpointsSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_endpoints(self, request: Request, uuid: str) -> Response:
        """Replace the addresses at which the resource is reached; one that stays keeps its uuid."""
        resource: Any = self.get_object()
        known = {(item["name"], item["url"]): item["uuid"] for item in resource.endpoints}
        resource.endpoints = [
            {"uuid": known.get((item["name"], item["url"]), uuid4().hex), **item}
            for item in read(EndpointsSerializer(data=request.data))["endpoints"]
        ]
        resource.save(update_fields=["endpoints", "modified"])
        return Response({"status": "The endpoints have been set."})

    @extend_schema(request=EffectiveIDSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_effective_id(self, request: Request, uuid: str) -> Response:
        """Note the id that the resource has where its service passes it on to another."""
        return self._write(EffectiveIDSerializer(data=request.data), "The effective id has been set.")

    @extend_schema(request=ReportSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def submit_report(self, request: Request, uuid: str) -> Response:
        """Replace the report that the customer reads on the resource."""
        return self._write(ReportSerializer(data=request.data), "The report has been submitted.")

    @extend_schema(request=ResourceLimitsSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_limits(self, request: Request, uuid: str) -> Response:
        """Write down limits that the service has already; no order comes of it."""
        resource: Any = self.get_object()
        limits = in_components(resource.offering, read(ResourceLimitsSerializer(data=request.data))["limits"])
        resource.limits = {**resource.limits, **told_limits(resource.offering, limits)}
        resource.save(update_fields=["limits", "modified"])
        periods.limits_changed(resource)
        self._tell(resource, f"The limits of {resource} have been set by its provider.")
        return Response({"status": "The limits have been set."})

    @extend_schema(request=None, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_as_ok(self, request: Request, uuid: str) -> Response:
        """The resource works."""
        resource = self.get_object()
        set_resource_state(resource, Resource.State.OK)
        self._tell(resource, f"{resource} has been reported OK by its provider.")
        return Response({"status": "The resource is OK."})

    @extend_schema(request=OrderErrorSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_as_erred(self, request: Request, uuid: str) -> Response:
        """The resource does not work, and why."""
        resource = self.get_object()
        error = read(OrderErrorSerializer(data=request.data))
        set_resource_state(resource, Resource.State.ERRED, error["error_message"], error["error_traceback"])
        self._tell(resource, f"{resource} has been reported erred by its provider.")
        return Response({"status": "The resource is erred."})

    @extend_schema(request=EndDateSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_end_date_by_provider(self, request: Request, uuid: str) -> Response:
        """Say on which day the resource is to be terminated; null: never."""
        return self._set_end_date(self.get_object(), read(EndDateSerializer(data=request.data))["end_date"])

    @extend_schema(request=None, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def refresh_last_sync(self, request: Request, uuid: str) -> Response:
        """An agent has looked after the resource just now."""
        resource: Any = self.get_object()
        resource.last_sync = timezone.now()
        resource.save(update_fields=["last_sync"])
        return Response({"status": "The time of the last sync has been set."})

    def _write(self, serializer: Any, text: str) -> Response:
        """Set the columns that the body names."""
        resource, data = self.get_object(), read(serializer)
        for name, value in data.items():
            setattr(resource, name, value)
        resource.save(update_fields=[*data, "modified"])
        return Response({"status": text})

    def _tell(self, resource: Resource, text: str) -> None:
        record("marketplace_resource_update_succeeded", text, scope=resource, actor=self.request.user)
