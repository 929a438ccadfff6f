"""The parts of an offering that its provider edits one by one."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.api.fields import ObjectField
from waldur_mastermind.marketplace.api.offering_serializers import (
    DescriptionSerializer,
    IntegrationSerializer,
    LocationSerializer,
    OptionsSerializer,
    OverviewSerializer,
    ProviderOfferingSerializer,
    ResourceOptionsFormSerializer,
)
from waldur_mastermind.marketplace.models import Offering


class OfferingUpdatesMixin:
    """One action for each part of an offering."""

    @extend_schema(request=DescriptionSerializer, responses=ProviderOfferingSerializer)
    @action(detail=True, methods=["post"])
    def update_description(self, request: Request, uuid: str) -> Response:
        """Move the offering to another category."""
        return self._update(DescriptionSerializer)

    @extend_schema(request=OverviewSerializer, responses=ProviderOfferingSerializer)
    @action(detail=True, methods=["post"])
    def update_overview(self, request: Request, uuid: str) -> Response:
        """Change the name and the texts; those not named stay."""
        return self._update(OverviewSerializer)

    @extend_schema(request=LocationSerializer, responses=ProviderOfferingSerializer)
    @action(detail=True, methods=["post"])
    def update_location(self, request: Request, uuid: str) -> Response:
        """Say where on earth it is."""
        return self._update(LocationSerializer, partial=False)

    @extend_schema(request={"application/json": {"type": "object"}}, responses=ProviderOfferingSerializer)
    @action(detail=True, methods=["post"])
    def update_attributes(self, request: Request, uuid: str) -> Response:
        """Replace the attributes; the body is the new map."""
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        offering.attributes = ObjectField().run_validation(request.data)
        return self._changed(offering, ["attributes"])

    @extend_schema(request=OptionsSerializer, responses=ProviderOfferingSerializer)
    @action(detail=True, methods=["post"])
    def update_options(self, request: Request, uuid: str) -> Response:
        """Replace the form that is filled in with an order."""
        return self._replace(OptionsSerializer)

    @extend_schema(request=ResourceOptionsFormSerializer, responses=ProviderOfferingSerializer)
    @action(detail=True, methods=["post"])
    def update_resource_options(self, request: Request, uuid: str) -> Response:
        """Replace the form of the options that a resource keeps."""
        return self._replace(ResourceOptionsFormSerializer)

    @extend_schema(request=IntegrationSerializer, responses=ProviderOfferingSerializer)
    @action(detail=True, methods=["post"])
    def update_integration(self, request: Request, uuid: str) -> Response:
        """Change how the offering reaches its service. What is not named, or sent back masked, stays."""
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        data = self._read(IntegrationSerializer(data=request.data))
        catalogue.update_integration(
            offering,
            {**data.get("secret_options", {}), **data.get("service_attributes", {})},
            data.get("plugin_options"),
            data.get("backend_id"),
            actor=request.user,
        )
        return self._answer(offering)

    def _update(self, serializer_class: type[serializers.ModelSerializer[Any]], *, partial: bool = True) -> Response:
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        context = self.get_serializer_context()  # type: ignore[attr-defined]
        request: Request = self.request  # type: ignore[attr-defined]
        serializer = serializer_class(offering, data=request.data, partial=partial, context=context)
        for name, value in self._read(serializer).items():
            setattr(offering, name, value)
        return self._changed(offering, list(serializer.validated_data))

    def _replace(self, serializer_class: type[serializers.Serializer[Any]]) -> Response:
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        data = self._read(serializer_class(data=self.request.data))  # type: ignore[attr-defined]
        for name, value in data.items():
            setattr(offering, name, value)
        return self._changed(offering, list(data))

    def _changed(self, offering: Offering, names: list[str]) -> Response:
        offering.save(update_fields=[*names, "modified"])
        record(
            "marketplace_offering_updated",
            f"The offering {offering} has been changed: {', '.join(names)}.",
            scope=offering,
            actor=self.request.user,  # type: ignore[attr-defined]
        )
        return self._answer(offering)

    def _answer(self, offering: Offering) -> Response:
        fresh = self.get_queryset().get(pk=offering.pk)  # type: ignore[attr-defined]
        return Response(self.get_serializer(fresh).data)  # type: ignore[attr-defined]

    @staticmethod
    def _read(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
