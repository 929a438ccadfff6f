"""Marks on a resource that its service is to heed: paused, downscaled, closed to members."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.resource_serializers import (
    DownscaledSerializer,
    PausedSerializer,
    RestrictMemberAccessSerializer,
)
from waldur_mastermind.marketplace.changes import resource_changed


class ResourceMarksMixin:
    """One action for each mark."""

    @extend_schema(request=PausedSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_paused(self, request: Request, uuid: str) -> Response:
        """Have the service stop it for the time being, or start it again."""
        return self._mark(PausedSerializer(data=request.data))

    @extend_schema(request=DownscaledSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_downscaled(self, request: Request, uuid: str) -> Response:
        """Have the service give it the least it can, or all of it again."""
        return self._mark(DownscaledSerializer(data=request.data))

    @extend_schema(request=RestrictMemberAccessSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_restrict_member_access(self, request: Request, uuid: str) -> Response:
        """Keep the members of the project out, or let them in again."""
        return self._mark(RestrictMemberAccessSerializer(data=request.data))

    def _mark(self, serializer: Any) -> Response:
        resource: Any = self.get_object()  # type: ignore[attr-defined]
        [(name, value)] = read(serializer).items()
        setattr(resource, name, value)
        resource.save(update_fields=[name, "modified"])
        text = f"{resource}: {name.replace('_', ' ')} is now {str(value).lower()}."
        record("marketplace_resource_update_succeeded", text, scope=resource, actor=self.request.user)  # type: ignore[attr-defined]
        resource_changed.send(sender=type(resource), resource=resource)
        return Response({"status": text})
