"""No endpoint answers without having asked who may have the answer. It fails for a view that forgot."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.test import APIRequestFactory, force_authenticate

from tests.factories import Cast
from waldur_core.permissions.access import Access, Holder, Public, SignedIn, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.rest.endpoints import Endpoint, endpoints
from waldur_core.rest.views import AccessControl, ReadOnlyViewSet
from waldur_core.structure.api.projects import ProjectSerializer
from waldur_core.structure.models import Project

ENDPOINTS = endpoints()
PUBLIC = {
    "POST /api-auth/password/",
    "GET /api/configuration/",
    "GET /api/schema/",
}


def test_the_walk_finds_the_endpoints() -> None:
    found = {str(endpoint) for endpoint in ENDPOINTS}
    assert {"GET /api/projects/", "POST /api/projects/{uuid}/add_user/", "DELETE /api/keys/{uuid}/"} <= found


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_an_endpoint_declares_what_it_asks(endpoint: Endpoint) -> None:
    view = endpoint.view
    assert isinstance(view, type) and issubclass(view, AccessControl), f"{view} does not derive from AccessControl"
    assert isinstance(endpoint.rule, Access), f"{view.__name__}.access says nothing about {endpoint.action!r}"


def test_nothing_is_declared_that_is_not_served() -> None:
    served: dict[Any, set[str]] = defaultdict(set)
    for endpoint in ENDPOINTS:
        served[endpoint.view].add(endpoint.action)
    superfluous = {view.__name__: set(view.access) - actions for view, actions in served.items()}
    assert {name: actions for name, actions in superfluous.items() if actions} == {}


def test_only_these_endpoints_are_public() -> None:
    assert {str(endpoint) for endpoint in ENDPOINTS if endpoint.rule and endpoint.rule.anonymous} == PUBLIC


def test_the_words_of_a_rule_never_open_it() -> None:
    """The reason of SignedIn is its only positional argument."""
    assert not SignedIn("because").anonymous
    with pytest.raises(TypeError):
        Visible(*["words"])


class Forgetful(ReadOnlyViewSet):
    """Takes the objects as they are, without the visibility rule."""

    queryset = Project.objects.select_related("customer")
    serializer_class = ProjectSerializer
    access = {
        "list": Visible(),
        "retrieve": Holder(permission=Permission.PROJECT_UPDATE, on=("",)),
    }

    def get_queryset(self) -> Any:
        return Project.objects.all()


class WithoutPermission(Forgetful):
    """Never asks for the permission that it declares."""

    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.list(request)


class Undeclared(ReadOnlyViewSet):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    access = {"list": Public()}


@pytest.fixture
def ask(cast: Cast) -> Callable[..., Any]:
    def ask(view: Any, action: str) -> Any:
        request = APIRequestFactory().get("/")
        force_authenticate(request, cast.staff)
        return view.as_view({"get": action})(request, uuid=cast.project.uuid.hex)

    return ask


@pytest.mark.parametrize(("view", "action"), [(Forgetful, "list"), (WithoutPermission, "retrieve")])
def test_an_answer_without_the_question_does_not_leave(ask: Callable[..., Any], view: Any, action: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="answered without asking"):
        ask(view, action)


def test_an_action_without_a_rule_is_not_served(ask: Callable[..., Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="declares no access for 'retrieve'"):
        ask(Undeclared, "retrieve")


def test_a_question_of_the_request_before_does_not_count(ask: Callable[..., Any]) -> None:
    class Honest(ReadOnlyViewSet):
        queryset = Project.objects.select_related("customer")
        serializer_class = ProjectSerializer
        access = {"list": Visible()}

    assert ask(Honest, "list").status_code == 200
    with pytest.raises(ImproperlyConfigured):
        ask(Forgetful, "list")
