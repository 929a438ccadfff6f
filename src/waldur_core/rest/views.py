"""View bases. Each declares `access = {action: rule}` and gets its objects from the visibility rule."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView as DRFAPIView

from waldur_core.permissions.access import Access
from waldur_core.permissions.asked import forget, was_asked
from waldur_core.permissions.visibility import visible_to
from waldur_core.rest import started

Precondition = Callable[[Any], None]


class AccessControl:
    """Asks before it answers: 401, then 404, then 403, then 409, and only then is the body read."""

    access: ClassVar[Mapping[str, Access]] = {}
    non_atomic: ClassVar[frozenset[str]] = frozenset()  # actions that talk to a cloud: no transaction meanwhile
    preconditions: ClassVar[Mapping[str, tuple[Precondition, ...]]] = {}
    workflows: ClassVar[Mapping[str, Any] | None] = None  # {action: name of the workflow it starts, or a tuple}
    metadata_class: Any = None  # OPTIONS would describe the view to anybody; the OpenAPI document is the place for that

    def access_rule(self) -> Access:
        action = getattr(self, "action", None) or self.request.method.lower()  # type: ignore[attr-defined]
        try:
            return self.access[action]
        except KeyError:
            name = type(self).__name__
            raise ImproperlyConfigured(f"{name} declares no access for {action!r}: add it to {name}.access.") from None

    def check_permissions(self, request: Request) -> None:
        if not self._serves(request.method):
            return  # the answer will be 405
        rule = self.access_rule()
        if not rule.anonymous and not request.user.is_authenticated:
            raise NotAuthenticated
        rule.check_request(request)

    def _serves(self, method: str | None) -> bool:
        if method == "OPTIONS":
            return False
        return getattr(self, "action", None) is not None or hasattr(self, str(method).lower())

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if response.status_code < 400:
            question = self.access_rule().must_ask
            if question and not was_asked(question):
                raise ImproperlyConfigured(f"{type(self).__name__} answered without asking for {question}.")
            if settings.CHECK_DECLARED_WORKFLOWS and self.workflows is not None:
                self._check_workflows()
        return response

    def _check_workflows(self) -> None:
        action = getattr(self, "action", "")
        undeclared = started.started() - set(workflows_of(type(self), action))
        if undeclared:
            name, words = type(self).__name__, ", ".join(sorted(undeclared))
            raise ImproperlyConfigured(f"{name} does not declare that {action!r} starts {words}.")

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """One transaction per changing request; an error answer rolls it back."""
        forget()
        started.forget()
        action = getattr(self, "action_map", {}).get(request.method.lower(), request.method.lower())
        if request.method in SAFE_METHODS or action in self.non_atomic:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        with transaction.atomic():
            response: Response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            if response.exception:
                transaction.set_rollback(True)
        return response

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        self.access_rule().check_object(request, obj)
        for condition in self.preconditions.get(getattr(self, "action", ""), ()):
            condition(obj)


def workflows_of(view: Any, action: str) -> tuple[str, ...]:
    """The names of the workflows that an action of a view class may start: those it declares, and of its parts."""
    declared = (view.workflows or {}).get(action, ())
    named = getattr(view, NAMED_BY_VIEW.get(action, ""), None)
    serializer = getattr(view, "request_serializers", {}).get("update" if action == "partial_update" else action)
    of_parts = [part.name for part in (named, getattr(serializer, "workflow", None)) if part]
    return (*((declared,) if isinstance(declared, str) else declared), *of_parts)


NAMED_BY_VIEW = {"destroy": "delete_workflow", "pull": "pull_workflow"}


class APIView(AccessControl, DRFAPIView):
    """A view without a queryset; `access` is keyed by HTTP method in lower case."""


class GenericViewSet(AccessControl, viewsets.GenericViewSet[Any]):
    """A set of actions on one kind of object, found by uuid among those the caller sees."""

    lookup_field = "uuid"
    lookup_value_regex = r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    ordering_fields: ClassVar[Mapping[str, str]] = {}

    def get_queryset(self) -> QuerySet[Any]:
        return visible_to(self.request.user, super().get_queryset())

    def get_object(self) -> Any:
        """The object of the URL (list filters do not apply to it), locked while a transaction changes it."""
        queryset = self.get_queryset().filter(**{self.lookup_field: self.kwargs[self.lookup_field]})
        if transaction.get_connection().in_atomic_block and self.request.method not in SAFE_METHODS:
            queryset = queryset.select_for_update(of=("self",))
        found = queryset.first()
        if found is None:
            raise NotFound
        self.check_object_permissions(self.request, found)
        return found


class ListMixin(mixins.ListModelMixin):
    """Lists; HEAD answers the same headers from the count, without reading the rows."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if request.method != "HEAD":
            return super().list(request, *args, **kwargs)
        queryset = self.filter_queryset(self.get_queryset())  # type: ignore[attr-defined]
        self.paginate_queryset(queryset.values("pk"))  # type: ignore[attr-defined]
        return self.get_paginated_response(None)  # type: ignore[attr-defined]


class ReadOnlyViewSet(ListMixin, mixins.RetrieveModelMixin, GenericViewSet):
    """List and retrieve."""
