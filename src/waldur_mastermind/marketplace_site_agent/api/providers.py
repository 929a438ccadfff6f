"""`keys/` of a service provider: the public keys of the people who have something of its offerings."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Access
from waldur_core.permissions.asked import PERMISSION
from waldur_core.permissions.checks import has_permission, where_permitted
from waldur_core.permissions.strings import Permission
from waldur_core.rest.views import GenericViewSet
from waldur_core.structure.api.keys import SshKeySerializer
from waldur_core.structure.models import Customer, SshPublicKey
from waldur_mastermind.marketplace.models import Offering, Resource, ServiceProvider
from waldur_mastermind.marketplace_site_agent.teams import project_grants

LIST_KEYS = Permission.SERVICE_PROVIDER_LIST_KEYS


@dataclass(frozen=True)
class KeysReader(Access):
    """Whoever may list keys for the provider, or for any of its offerings."""

    must_ask: str = PERMISSION

    def check_object(self, request: Request, obj: Any) -> None:
        if not has_permission(request.user, LIST_KEYS, [obj.customer, *obj.customer.offerings.all()]):
            raise PermissionDenied(f"You do not have the permission {LIST_KEYS} here.")

    def describe(self) -> str:
        return f"{LIST_KEYS} on customer or any of its offerings"


class ProviderKeysViewSet(GenericViewSet):
    """The keys an agent puts into what it makes."""

    queryset = ServiceProvider.objects.select_related("customer")
    serializer_class = SshKeySerializer
    access = {"keys": KeysReader()}

    @extend_schema(responses=SshKeySerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def keys(self, request: Request, uuid: str) -> Response:
        """Of the people on projects that have something of the offerings for which one may ask; all at once."""
        provider = self.get_object()
        permitted: Q = where_permitted(request.user, LIST_KEYS, {"pk": Offering, "customer": Customer})
        offerings = Offering.objects.filter(permitted, customer=provider.customer)
        alive = Resource.objects.filter(offering__in=offerings.values("pk"), state__in=Resource.ALIVE)
        people = project_grants(alive.values("project_id")).values("user_id")
        keys = SshPublicKey.objects.filter(user__in=people).select_related("user").order_by("pk")
        return Response(self.get_serializer(keys, many=True).data)
