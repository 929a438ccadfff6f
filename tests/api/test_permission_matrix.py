"""Every endpoint, every person: who is let in, who is refused, and that a refusal changes nothing.

The endpoints are found, not listed: what another app adds is tested at once, and fails until its model has an example.
"""

from contextlib import nullcontext
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from tests.api.matrix import ANSWERED, PEOPLE, REFUSED, Stage, model_of, sees
from tests.module_database import db as db
from waldur_core.permissions.access import Public, Visible
from waldur_core.rest.endpoints import Endpoint, endpoints

# what a list must be asked with
QUESTIONS = {
    "api/customer-quotas/": {"quota_name": "vpc_cpu_count"},
    "api/project-quotas/": {"quota_name": "vpc_cpu_count"},
    "api/service-settings-quotas/": {"quota_name": "openstack_vcpu"},
}
ENDPOINTS = [endpoint for endpoint in endpoints() if endpoint.path.startswith("api/")]


@pytest.fixture(scope="module")
def stage(db: None) -> Stage:
    return Stage()


@pytest.fixture(scope="module")
def before(stage: Stage) -> list[tuple[Any, ...]]:
    """What every test begins with, for whatever a request is answered with is taken back."""
    return fingerprint()


def fingerprint() -> list[tuple[Any, ...]]:
    """How many rows each table has, and when the last of them was changed."""
    parts = []
    for model in apps.get_models():
        names = {item.name for item in model._meta.local_fields}
        changed = "max(modified)::text" if "modified" in names else "''"
        parts.append(f"SELECT '{model._meta.db_table}', count(*), {changed} FROM {model._meta.db_table}")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def ask(stage: Stage, endpoint: Endpoint, name: str, *, take_back: bool) -> Any:
    call = getattr(stage.clients[name], endpoint.method)
    question = {"page_size": 300, **QUESTIONS.get(endpoint.path, {})}
    with transaction.atomic() if take_back else nullcontext():
        response = call(stage.url(endpoint), question if endpoint.method == "get" else stage.body(endpoint))
        if take_back:
            transaction.set_rollback(True)
    return response


def lists_objects(endpoint: Endpoint) -> bool:
    return endpoint.action == "list" and isinstance(endpoint.rule, Visible) and endpoint.view.lookup_field == "uuid"


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_the_declared_rule_holds_for_everybody(stage: Stage, before: list[Any], endpoint: Endpoint) -> None:
    check_rule(stage, before, endpoint, PEOPLE)


@pytest.mark.parametrize(("number", "endpoint"), list(enumerate(ENDPOINTS)), ids=str)
def test_the_declared_rule_holds_for_one_who_is_let_in_and_one_who_is_not(
    stage: Stage, before: list[Any], number: int, endpoint: Endpoint
) -> None:
    """From endpoint to endpoint others."""
    first = number % len(PEOPLE)
    people = (*PEOPLE[first:], *PEOPLE[:first])
    kinds = {is_let_in(stage.expected(endpoint, name)): name for name in people}
    check_rule(stage, before, endpoint, tuple(kinds.values()))


def is_let_in(expected: int | str) -> bool:
    return expected in (200, ANSWERED)


def check_rule(stage: Stage, before: list[Any], endpoint: Endpoint, people: tuple[str, ...]) -> None:
    expected = {name: stage.expected(endpoint, name) for name in {*people, "anonymous"}}
    let_in = [name for name in people if is_let_in(expected[name])]
    for name in (name for name in people if name not in let_in):
        response = ask(stage, endpoint, name, take_back=False)
        wanted = (400, 403) if expected[name] == REFUSED else (expected[name],)
        assert response.status_code in wanted, f"{name}: {response.status_code} {response.content[:200]!r}"
    assert fingerprint() == before, "a refused request has changed something"
    for name in let_in if endpoint.rule != Public() else ["anonymous"]:
        response = ask(stage, endpoint, name, take_back=True)
        good = (200, 204) if expected[name] == 200 else tuple(range(200, 500))
        assert response.status_code in good, f"{name}: {response.status_code} {response.content[:200]!r}"
        assert response.status_code not in (401, 403, 404), f"{name}: {response.status_code} {response.content[:200]!r}"
        if lists_objects(endpoint):
            uuid = stage.example(model_of(endpoint)).uuid.hex
            found = any(uuid in row.values() for row in response.json())
            assert found == sees(endpoint, name), f"{name} {'sees' if found else 'does not see'} the example"
