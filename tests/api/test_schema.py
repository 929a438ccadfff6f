"""The OpenAPI document: complete, valid, without a warning, and open to everybody."""

import io
import re

import pytest
from django.core.management import call_command

from tests.factories import client_of
from waldur_core.rest.endpoints import endpoints


@pytest.fixture(scope="module")
def document() -> str:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out, stderr=out)
    return out.getvalue()


def test_it_is_made_without_a_warning(document: str) -> None:
    assert document.startswith("openapi: 3")


def test_it_knows_every_endpoint(document: str) -> None:
    described = set(re.findall(r"^  (/[^:]+):$", document, re.MULTILINE))
    served = {f"/{e.path}" for e in endpoints() if e.path.startswith("api") and e.path != "api/schema/"}
    anonymous = re.compile(r"{\w+}")
    assert {anonymous.sub("{}", path) for path in served} <= {anonymous.sub("{}", path) for path in described}


@pytest.mark.django_db
def test_anybody_may_read_it() -> None:
    response = client_of(None).get("/api/schema/")
    assert response.status_code == 200
    assert b"/api/projects/{uuid}/add_user/" in response.content


@pytest.mark.django_db
def test_it_is_kept_for_the_next_who_asks() -> None:
    first, second = client_of(None).get("/api/schema/"), client_of(None).get("/api/schema/")
    assert first["Expires"] == second["Expires"]
    assert first.content == second.content
    assert client_of(None).get("/api/schema/", headers={"accept": "application/json"}).json()["paths"]
