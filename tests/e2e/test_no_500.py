"""Whatever is sent, the answer is never an error of the server, and never half an effect."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.estate import Estate
from tests.e2e.market import OFFERINGS, ORDERS, RESOURCES
from tests.factories import client_of

pytestmark = pytest.mark.slow

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["\0", "x" * 5000, "0" * 32, "http://testserver/api/projects/", "../..", "١٢", "192.168.1.0/24"]),
)
SHAPES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
QUICK = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def fields_of(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in the body a value can be put in the place of another."""
    yield path
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in items:
        yield from fields_of(value, (*path, key))


def replaced(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(body, dict):
        return {**body, first: replaced(body[first], rest, value)}
    return [replaced(item, rest, value) if index == first else item for index, item in enumerate(body)]


def send(estate: Estate, user: Any, path: str, body: Any) -> None:
    """Refused with a reason, or done; in any case nothing stays."""
    before = estate.traces()
    with transaction.atomic():
        answer = client_of(user).post(path, body)
        assert answer.status_code < 500, answer.content
        if answer.status_code >= 400:
            assert answer.json()
            assert estate.traces() == before
        transaction.set_rollback(True)


def right_server(estate: Estate) -> dict[str, Any]:
    tenant = estate.link("openstack-tenants", estate.tenant)
    extra = {"availability_zone": None, "metadata": {"a": "b"}, "data_volumes": [{"size": 1024}], "user_data": "x"}
    return {"tenant": tenant, **estate.server_attributes(estate.tenant), **extra}


def right_tenant_order(estate: Estate) -> dict[str, Any]:
    rules = [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr": "10.0.0.0/8"}]
    groups = [{"name": "web", "description": "", "rules": rules}]
    attributes = {"name": "new", "subnet_cidr": "10.1.2.0/24", "security_groups": groups, "user_username": "new-user"}
    more = {"callback_url": "https://example.com/", "request_comment": "x", "start_date": "2030-01-01", "slug": "new"}
    return estate.tenant_order(attributes=attributes, **more)


def right_offering(estate: Estate) -> dict[str, Any]:
    component = {"type": "gpu", "name": "GPU", "billing_type": "limit", "min_value": 1, "max_value": 8}
    form = {"order": ["size"], "options": {"size": {"type": "integer", "label": "Size", "min": 1}}}
    return estate.offering_body(
        components=[component], options=form, plugin_options={"max_instances": 3}, latitude=1.5, country="EE"
    )


TARGETS = {
    "an order for a tenant": (ORDERS, right_tenant_order, "owner"),
    "an order for a server": (ORDERS, lambda estate: estate.inside("Instance"), "owner"),
    "an order for a volume": (ORDERS, lambda estate: estate.inside("Volume", description="x"), "owner"),
    "a server": ("/api/openstack-instances/", right_server, "owner"),
    "an offering": (OFFERINGS, right_offering, "provider_owner"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_right_is_right(estate: Estate, target: str) -> None:
    """Else what follows would be refused for another reason."""
    path, right, who = TARGETS[target]
    answer = client_of(getattr(estate, who)).post(path, right(estate))
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize("target", TARGETS)
def test_one_wrong_value_in_a_right_body(estate: Estate, target: str) -> None:
    path, right, who = TARGETS[target]
    body, user = right(estate), getattr(estate, who)
    places = list(fields_of(body))

    @QUICK
    @given(place=st.sampled_from(places), value=SHAPES)
    def one_is_wrong(place: tuple[Any, ...], value: Any) -> None:
        send(estate, user, path, replaced(body, place, value))

    one_is_wrong()


HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1.5,
    "",
    "\0",
    "x" * 70000,
    [],
    [None],
    [[]],
    {},
    {"": None},
    {"url": 1},
]


@pytest.mark.parametrize("target", TARGETS)
def test_every_hostile_value_in_every_place(estate: Estate, target: str) -> None:
    path, right, who = TARGETS[target]
    body, user = right(estate), getattr(estate, who)
    for place in fields_of(body):
        for value in HOSTILE:
            send(estate, user, path, replaced(body, place, value))


@pytest.mark.parametrize("action", ["terminate", "update_limits", "switch_plan", "set_end_date"])
def test_bodies_of_actions(estate: Estate, action: str) -> None:
    resource = estate.resource_of(estate.tenant)
    path = f"{RESOURCES}{resource.uuid.hex}/{action}/"
    field = {"terminate": "attributes", "update_limits": "limits", "switch_plan": "plan", "set_end_date": "end_date"}
    for value in HOSTILE:
        send(estate, estate.owner, path, {field[action]: value})
    for value in (None, 5, [], "text"):
        send(estate, estate.owner, path, value)
