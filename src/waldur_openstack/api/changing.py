"""Making, changing and removing what lives in a tenant: views say by which serializers and workflows."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.operations.workflow import DeleteWorkflow, UpdateWorkflow
from waldur_core.permissions.access import Access, Holder, InBody
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_or_held
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import ResourceViewSet
from waldur_openstack.api.tenant_scope import ActionSerializer, require_tenant

MANAGE = Holder(permission=Permission.OPENSTACK_TENANT_MANAGE)
IN_BODY = InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="tenant")
PROVIDER = Holder(permission=Permission.OFFERING_UPDATE, on=("service_settings.customer",))
CHANGEABLE = (require_tenant, require_state(CoreState.OK))
REMOVABLE = (require_tenant, require_state(CoreState.OK, CoreState.ERRED))


def managed(*actions: str) -> dict[str, Access]:
    """The access of actions that are for those who manage the tenant."""
    return dict.fromkeys(actions, MANAGE)


class TenantObjectViewSet(ResourceViewSet):
    """Base of views of what lives in a tenant.

    `request_serializers` maps actions to the bodies they take; the mixins below ask it for `create` and `update`.
    """

    request_serializers: ClassVar[Mapping[str, Any]] = {}
    provider_actions: ClassVar[frozenset[str]] = frozenset()  # for the provider too, who need not see the project

    def get_queryset(self) -> QuerySet[Any]:
        if self.action in self.provider_actions:
            queryset: QuerySet[Any] = cast(Any, self).queryset.all()
            queryset = visible_or_held(self.request.user, queryset, PROVIDER.permission, "service_settings__customer")
        else:
            queryset = super().get_queryset()
        # Actions answer with their operation, not with the object: what it is represented by would be read in vain.
        return queryset.prefetch_related(None) if self.request.method in ("POST", "DELETE") else queryset

    def context_of(self, obj: Any) -> dict[str, Any]:
        """What serializers of requests about `obj` need."""
        tenant = getattr(obj, "tenant", obj)
        return {**self.get_serializer_context(), "object": obj, "tenant": tenant, "user": self.request.user}

    def ask(self, serializer_class: type[ActionSerializer], detail: str) -> Response:
        """Validate the body for the object of the URL and schedule what it asks for: 202."""
        obj = self.get_object()
        serializer = serializer_class(data=self.request.data, context=self.context_of(obj))
        serializer.is_valid(raise_exception=True)
        return self.scheduled(serializer.save(), detail)

    def begin(self, workflow: type[UpdateWorkflow], detail: str, **parameters: Any) -> Response:
        """Schedule a workflow that needs no body: 202."""
        operation = start(workflow, self.get_object(), user=self.request.user, parameters=parameters)
        return self.scheduled(operation, detail)


class Creates(TenantObjectViewSet):
    """POST to the collection; the body names the tenant."""

    def create(self, request: Request) -> Response:
        """Create one; the body names the tenant."""
        serializer_class = self.request_serializers["create"]
        context, rule = self.get_serializer_context(), self.access_rule()
        assert isinstance(rule, InBody)
        serializer = serializer_class.for_request(request, context, rule.permission)
        serializer.is_valid(raise_exception=True)
        return Response(self.get_serializer(serializer.save()).data, status=status.HTTP_201_CREATED)


class Updates(TenantObjectViewSet):
    """PUT and PATCH."""

    def update(self, request: Request, uuid: str) -> Response:
        """Change all that can be changed."""
        return self._update(partial=False)

    def partial_update(self, request: Request, uuid: str) -> Response:
        """Change what the body names."""
        return self._update(partial=True)

    def _update(self, *, partial: bool) -> Response:
        obj = self.get_object()
        serializer_class = self.request_serializers["update"]
        serializer = serializer_class(obj, self.request.data, partial=partial, context=self.context_of(obj))
        serializer.is_valid(raise_exception=True)
        return Response(self.get_serializer(serializer.save()).data)


class Deletes(TenantObjectViewSet):
    """DELETE."""

    delete_workflow: ClassVar[type[DeleteWorkflow]]

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uuid: str) -> Response:
        """Delete it in the cloud, then here."""
        start(self.delete_workflow, self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
