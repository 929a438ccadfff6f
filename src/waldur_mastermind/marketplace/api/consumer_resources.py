"""`/api/marketplace-resources/`: what was ordered, as its customer sees it (its provider sees it here too)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Holder, Staff
from waldur_core.permissions.strings import Permission
from waldur_mastermind.marketplace import access_renewal
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.resource_marks import ResourceMarksMixin
from waldur_mastermind.marketplace.api.resource_orders import ResourceOrdersMixin
from waldur_mastermind.marketplace.api.resource_serializers import EndDateSerializer, ResourceOptionsSerializer
from waldur_mastermind.marketplace.api.resources import BASE_ACCESS, BaseResourceViewSet
from waldur_mastermind.marketplace.changes import resource_changed
from waldur_mastermind.marketplace.orders.forms import check_form


class ResourceViewSet(ResourceMarksMixin, ResourceOrdersMixin, BaseResourceViewSet):
    """The resources of your projects, and of your offerings."""

    access = {
        **BASE_ACCESS,
        "update_limits": Holder(permission=Permission.RESOURCE_SET_LIMITS),
        "switch_plan": Holder(permission=Permission.RESOURCE_SET_PLAN),
        "set_end_date": Holder(permission=Permission.RESOURCE_SET_END_DATE),
        "set_end_date_by_staff": Staff(),
        "set_paused": Staff(),
        "set_downscaled": Staff(),
        "set_restrict_member_access": Staff(),
        "update_options": Holder(permission=Permission.RESOURCE_UPDATE_OPTIONS),
        "renew_access": Holder(permission=Permission.RESOURCE_SEE_CREDENTIALS),
    }

    @extend_schema(request=EndDateSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_end_date(self, request: Request, uuid: str) -> Response:
        """Say on which day the resource is to be terminated; null: never."""
        return self._set_end_date(self.get_object(), read(EndDateSerializer(data=request.data))["end_date"])

    @extend_schema(request=EndDateSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_end_date_by_staff(self, request: Request, uuid: str) -> Response:
        """The same, for staff."""
        return self._set_end_date(self.get_object(), read(EndDateSerializer(data=request.data))["end_date"])

    @extend_schema(request=None, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def renew_access(self, request: Request, uuid: str) -> Response:
        """Have the service give it a new password; the old one ends. The metadata show it once that is done."""
        resource: Any = self.get_object()
        access_renewal.ask(resource)
        resource_changed.send(sender=type(resource), resource=resource)
        text = f"New credentials of {resource} have been asked for."
        record("marketplace_resource_update_requested", text, scope=resource, actor=request.user)
        return Response({"status": text})

    @extend_schema(request=ResourceOptionsSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def update_options(self, request: Request, uuid: str) -> Response:
        """Fill in the form of the options that the resource keeps."""
        resource: Any = self.get_object()
        options = read(ResourceOptionsSerializer(data=request.data))["options"] or {}
        check_form(resource.offering.resource_options, options)
        resource.options = options
        resource.save(update_fields=["options", "modified"])
        resource_changed.send(sender=type(resource), resource=resource)
        text = f"The options of {resource} have been changed."
        record("marketplace_resource_update_succeeded", text, scope=resource, actor=request.user)
        return Response({"status": "The options have been changed."})
