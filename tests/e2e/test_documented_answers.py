"""Whatever is asked, by whomever: the answer is one that the OpenAPI document describes, and never a server's error.

schemathesis makes the requests from the document itself, right and wrong ones, so a new endpoint is tested at once.
Nothing stays of a request: it is rolled back, and no operation that it starts is carried out.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.apps import apps
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import unregister_string_format
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.examples import EXAMPLES
from tests.e2e.estate import Estate
from waldur_core.rest.endpoints import endpoints
from waldur_core.structure.models import AuthToken

PEOPLE = ("anonymous", "member", "admin", "owner", "provider_owner", "support", "staff")
SECTIONS = sorted({"/".join(e.path.split("/")[:2]) for e in endpoints() if e.path != "api/schema/"})
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES_EACH = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "2"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(60 * EXAMPLES_EACH)]
QUICK = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],  # what fails is small enough to be read, and shrinking takes long
    suppress_health_check=list(HealthCheck),
)


VIEWS = {f"/{endpoint.path}": endpoint.view for endpoint in endpoints()}


class Crowd:
    """The people of the estate with their tokens, and one object of every kind that they may ask for."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.failures: dict[tuple[str, str], str] = {}
        for label, example in EXAMPLES.items():
            if not apps.get_model(label)._default_manager.exists():
                example.build(estate)
        self.tokens = {who: AuthToken.objects.issue(getattr(estate, who)).key for who in PEOPLE if who != "anonymous"}
        self.links = [
            f"http://testserver/{endpoint.path}".format(uuid=self.object_of(endpoint.view).uuid.hex)
            for endpoint in endpoints()
            if endpoint.action == "retrieve" and endpoint.variable == "uuid"
        ]

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Token {self.tokens[who]}"} if who in self.tokens else {}

    def object_of(self, view: Any) -> Any:
        return view.queryset.model._default_manager.order_by("pk").last()

    def place(self, case: Any, uuid: str = "") -> None:
        """Put an object that exists into the path: that of the uuid, or any."""
        view = VIEWS.get(case.operation.path)
        if hasattr(view, "lookup_field") and view.queryset is not None:
            value = uuid or getattr(self.object_of(view), view.lookup_field, "")
            first = next(iter(case.path_parameters), None)
            if first and value:
                case.path_parameters[first] = getattr(value, "hex", str(value))

    def ask(self, case: Any, who: str) -> None:
        """Send the request as `who`, note what is wrong with the answer, take everything back."""
        with transaction.atomic():
            response = self.call(case, who)
            transaction.set_rollback(True)
        self.check(case, response, who)

    def call(self, case: Any, who: str) -> Any:
        with kept_connection():
            return case.call(headers=self.headers(who))

    def check(self, case: Any, response: Any, who: str) -> None:
        try:
            case.validate_response(response, checks=CHECKS, headers=self.headers(who))
        except FailureGroup as found:
            for failure in found.exceptions:
                self.failures.setdefault((case.operation.label, failure.title), f"as {who}: {failure}\n{case.body!r}")

    def told(self) -> str:
        return "\n\n".join(f"{label} {text}" for (label, _), text in self.failures.items())


@contextmanager
def kept_connection() -> Iterator[None]:
    """A request closes the connection that it finds in a transaction; here the transaction is the test's."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def crowd(built_estate: tuple[Estate, Any]) -> Crowd:
    return Crowd(built_estate[0])


@pytest.fixture(scope="module")
def schema(crowd: Crowd) -> Iterator[Any]:
    """The document as the server gives it out; where it wants a link, one that leads somewhere is as good as any."""
    schemathesis.openapi.format("uri", st.integers(0, 10**6).map(lambda n: crowd.links[n % len(crowd.links)]))
    with kept_connection():
        document = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    yield document
    unregister_string_format("uri")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_answer_is_documented(estate: Estate, crowd: Crowd, schema: Any, section: str) -> None:
    crowd.failures.clear()
    for operation in operations_of(schema, section):
        for mode in GenerationMode:
            try:
                wrong = mode is GenerationMode.NEGATIVE  # is refused much the same way everywhere: half as many
                number = (EXAMPLES_EACH + 1) // 2 if wrong else EXAMPLES_EACH
                everybody_asks(crowd, operation.as_strategy(generation_mode=mode), number)
            except Unsatisfiable:
                continue  # nothing can be wrong about a request without parameters
    assert not crowd.failures, crowd.told()


def operations_of(schema: Any, section: str) -> list[Any]:
    return [found.ok() for found in schema.include(path_regex=f"^/{section}(/|$)").get_all_operations()]


def everybody_asks(crowd: Crowd, requests: Any, number: int) -> None:
    @settings(QUICK, max_examples=number)
    @given(case=requests, real=st.integers(0, 3))
    def asked(case: Any, real: int) -> None:
        if real:
            crowd.place(case)
        for who in PEOPLE:
            crowd.ask(case, who)

    asked()


@pytest.mark.parametrize("who", ["owner", "provider_owner", "staff"])
def test_answers_stay_documented_in_the_course_of_things(estate: Estate, crowd: Crowd, schema: Any, who: str) -> None:
    """Several requests about one object, one after the other; what was just made is asked about next."""
    crowd.failures.clear()
    sections = [operations_of(schema, section) for section in SECTIONS]

    @settings(QUICK, max_examples=20 * EXAMPLES_EACH)
    @given(data=st.data())
    def course(data: Any) -> None:
        operations, uuid = data.draw(st.sampled_from(sections)), ""
        with transaction.atomic():
            for operation in data.draw(st.lists(st.sampled_from(operations), min_size=4, max_size=8)):
                case = data.draw(operation.as_strategy())
                crowd.place(case, uuid)
                response = crowd.call(case, who)
                crowd.check(case, response, who)
                uuid = response.json()["uuid"] if response.status_code == 201 else uuid
            transaction.set_rollback(True)

    course()
    assert not crowd.failures, crowd.told()
