"""The components of an offering that its provider makes and changes."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.api.component_serializers import OfferingComponentSerializer
from waldur_mastermind.marketplace.api.offering_serializers import (
    BUILTIN_EDITABLE,
    ComponentUUIDSerializer,
    UpdateComponentSerializer,
)
from waldur_mastermind.marketplace.models import Offering, OfferingComponent


class OfferingComponentsMixin:
    """Make, change and remove components. Built-in ones belong to the plug-in: of them only the range is editable."""

    @extend_schema(request=OfferingComponentSerializer, responses={201: OfferingComponentSerializer})
    @action(detail=True, methods=["post"])
    def create_offering_component(self, request: Request, uuid: str) -> Response:
        """Add a component of one's own."""
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        serializer = OfferingComponentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        component = catalogue.add_component(offering, serializer.validated_data)
        return self._tell("created", component, status.HTTP_201_CREATED)

    @extend_schema(request=UpdateComponentSerializer, responses=OfferingComponentSerializer)
    @action(detail=True, methods=["post"])
    def update_offering_component(self, request: Request, uuid: str) -> Response:
        """Change a component; what is not named stays."""
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        component = self._named(offering)
        serializer = UpdateComponentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        changes = {
            name: value
            for name, value in serializer.validated_data.items()
            if name != "uuid" and value != getattr(component, name)
        }
        self._check_changes(component, changes)
        for name, value in changes.items():
            setattr(component, name, value)
        component.save()
        return self._tell("updated", component, status.HTTP_200_OK)

    @extend_schema(request=ComponentUUIDSerializer, responses={200: None})
    @action(detail=True, methods=["post"])
    def remove_offering_component(self, request: Request, uuid: str) -> Response:
        """Remove a component of one's own that no resource has a limit on."""
        component = self._named(self.get_object())  # type: ignore[attr-defined]
        if component.is_builtin:
            raise ValidationError({"uuid": ["This component belongs to the offering type."]})
        if catalogue.is_in_use(component):
            raise ValidationError({"uuid": ["Resources have a limit on this component."]})
        component.delete()
        self._tell("deleted", component, status.HTTP_200_OK)
        return Response(status=status.HTTP_200_OK)

    def _named(self, offering: Offering) -> OfferingComponent:
        serializer = ComponentUUIDSerializer(data=self.request.data)  # type: ignore[attr-defined]
        serializer.is_valid(raise_exception=True)
        component = offering.components.filter(uuid=serializer.validated_data["uuid"]).first()
        if component is None:
            raise ValidationError({"uuid": ["The offering has no such component."]})
        return component

    @staticmethod
    def _check_changes(component: OfferingComponent, changes: dict[str, Any]) -> None:
        fixed = sorted(set(changes) - BUILTIN_EDITABLE) if component.is_builtin else []
        if fixed:
            raise ValidationError({name: ["This belongs to the offering type."] for name in fixed})
        others = component.offering.components.exclude(pk=component.pk)
        if "type" in changes and others.filter(type=changes["type"]).exists():
            raise ValidationError({"type": [f"The offering has a component {changes['type']} already."]})
        if "type" in changes and catalogue.is_in_use(component):
            raise ValidationError({"type": ["Resources have a limit on this component."]})

    def _tell(self, what: str, component: OfferingComponent, code: int) -> Response:
        record(
            f"marketplace_offering_component_{what}",
            f"The component {component} of {component.offering} has been {what}.",
            scope=component.offering,
            actor=self.request.user,  # type: ignore[attr-defined]
        )
        return Response(OfferingComponentSerializer(component).data, status=code)
