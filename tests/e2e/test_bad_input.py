"""What cannot be done is refused with a sentence that says why, and leaves no trace, neither here nor in the cloud."""

import json
from typing import Any

import pytest

from tests.e2e.estate import Estate
from tests.e2e.market import OFFERINGS, ORDERS, RESOURCES
from tests.factories import client_of, grant, make_project, make_user
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import User
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Offering

TAKEN = "A tenant of this name exists in this cloud already. Choose another."
ADMINISTRATIVE = "This is the name of the cloud's administrative project. Choose another."
PRIVATE_24 = "Give a private /24 network: in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
RESERVED = "This username is reserved in the cloud. Choose another."
NO_TEXT = "name: give a text of at most 255 characters."
NO_MAP = 'Expected a dictionary of items but got type "list".'
NO_LIST = 'Expected a list of items but got type "dict".'
MOST = 2**31 - 1


def refused(estate: Estate, answer: Any, expected: Any, before: dict[str, int], status: int = 400) -> None:
    assert (answer.status_code, answer.json()) == (status, expected)
    assert estate.traces() == before


def attributes(**values: Any) -> dict[str, Any]:
    return {"attributes": {"name": "new", **values}}


def wrong(**reasons: Any) -> dict[str, Any]:
    return {"attributes": {field: [reason] for field, reason in reasons.items()}}


def group(**fields: Any) -> dict[str, Any]:
    return attributes(security_groups=[{"name": "web", **fields}])


def wrong_rule(**reasons: str) -> dict[str, Any]:
    rule = {field: [reason] for field, reason in reasons.items()}
    return {"attributes": {"security_groups": {"0": {"rules": {"0": rule}}}}}


def limits(**values: Any) -> dict[str, Any]:
    return {**attributes(), "limits": {"cores": 1, "ram": 1024, "storage": 1024, **values}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (attributes(name="genome"), wrong(name=TAKEN)),
        (attributes(name="admin"), wrong(name=ADMINISTRATIVE)),
        ({"attributes": {}}, wrong(name="This field is required.")),
        (attributes(name=None), {"attributes": [NO_TEXT]}),
        (attributes(name=["new"]), {"attributes": [NO_TEXT]}),
        (attributes(name=" "), wrong(name="This field may not be blank.")),
        (attributes(name="x" * 65), wrong(name="Ensure this field has no more than 64 characters.")),
        (attributes(name="a\0b"), {"attributes": ["The character U+0000 is not allowed."]}),
        ({"attributes": ["name"]}, {"attributes": [NO_MAP]}),
        (attributes(subnet_cidr="8.8.8.0/24"), wrong(subnet_cidr=PRIVATE_24)),
        (attributes(subnet_cidr="10.0.0.0/16"), wrong(subnet_cidr=PRIVATE_24)),
        (
            attributes(subnet_cidr="10.0.0.1/24"),
            wrong(subnet_cidr="Give an IPv4 network such as 192.168.42.0/24: 10.0.0.1/24 has host bits set."),
        ),
        (attributes(user_username="admin"), wrong(user_username=RESERVED)),
        (attributes(user_username="Service"), wrong(user_username=RESERVED)),
        (attributes(user_password="short"), wrong(user_password="Ensure this field has at least 8 characters.")),
        (attributes(security_groups={}), {"attributes": {"security_groups": {"non_field_errors": [NO_LIST]}}}),
        (
            group(name="default"),
            {
                "attributes": {
                    "security_groups": {
                        "0": {"name": ["The name `default` belongs to the group every tenant has."]},
                    }
                }
            },
        ),
        (
            attributes(security_groups=[{"name": "web"}, {"name": "web"}]),
            wrong(security_groups="Two of the groups have the same name."),
        ),
        (
            group(rules=[{"protocol": "http"}]),
            wrong_rule(protocol="Give tcp, udp, icmp, an IP protocol number from 0 to 255, or nothing for any."),
        ),
        (
            group(rules=[{"protocol": "tcp", "from_port": 22}]),
            wrong_rule(from_port="Give both ports, from 1 to 65535, or none of them for all."),
        ),
        (
            group(rules=[{"protocol": "icmp", "from_port": 300, "to_port": 0}]),
            wrong_rule(from_port="For ICMP these are a type and a code: give numbers from 0 to 255."),
        ),
        (limits(cores=0), {"limits": ["CPU cores: 0 is less than the least possible, 1."]}),
        (limits(cores=-1), {"limits": ["CPU cores: -1 is less than the least possible, 1."]}),
        (limits(ram=255), {"limits": ["RAM: 255 is less than the least possible, 256."]}),
        (
            limits(cores=MOST + 1),
            {"limits": [f"CPU cores: {MOST + 1} is more than the most possible, {MOST}."]},
        ),
        (limits(gpu=1), {"limits": ["The offering has no component gpu."]}),
        (limits(cores="many"), {"limits": {"cores": ["A valid integer is required."]}}),
        (limits(cores=True), {"limits": {"cores": ["A valid integer is required."]}}),
        ({**attributes(), "limits": []}, {"limits": [NO_MAP]}),
        ({**attributes(), "plan": None}, {"plan": ["Choose a plan."]}),
        ({**attributes(), "offering": None}, {"offering": ["This field is required."]}),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_an_order_for_a_tenant_that_makes_no_sense(
    estate: Estate, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, estate.tenant_order(**changes))
    refused(estate, answer, expected, before)


def another_offering(estate: Estate) -> Offering:
    fields = {"name": "Other", "type": "Marketplace.Basic", "customer": estate.provider, "category": estate.clouds}
    return catalogue.create_offering({**fields, "state": "Active"}, integration={}, plans=[{"name": "Basic"}])


def test_a_plan_of_another_offering(estate: Estate) -> None:
    plan = another_offering(estate).plans.get()
    before = estate.traces()
    body = estate.tenant_order(**attributes(), plan=estate.link("marketplace-plans", plan))
    answer = estate.post(estate.owner, ORDERS, body)
    refused(estate, answer, {"plan": ["This plan belongs to another offering."]}, before)


def test_an_order_that_costs_more_than_can_be_written_down(estate: Estate) -> None:
    plan = Offering.objects.get(name="Cloud").plans.get()
    plan.components.filter(component__type="cores").update(price=1000)
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, estate.tenant_order(**limits(cores=MOST)))
    assert answer.status_code == 400
    assert answer.json()["limits"][0].endswith("a month, more than can be ordered.")
    assert estate.traces() == before


def test_an_offering_that_takes_no_orders_now(estate: Estate) -> None:
    path = f"{OFFERINGS}{estate.offering['uuid']}/pause/"
    assert estate.post(estate.provider_owner, path, {"paused_reason": "Back on Monday."}).status_code == 200
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, estate.tenant_order(**attributes()))
    reason = "The offering is Paused: it cannot be ordered now. Back on Monday."
    refused(estate, answer, {"offering": [reason]}, before)


def test_the_private_offering_of_another_project(estate: Estate) -> None:
    other = make_project(estate.customer, "Other project")
    before = estate.traces()
    body = {**estate.inside("Volume"), "project": estate.link("projects", other)}
    answer = estate.post(estate.owner, ORDERS, body)
    refused(estate, answer, {"project": ["This offering is private to another project."]}, before)


def test_the_private_offering_of_a_project_one_does_not_see(estate: Estate) -> None:
    """Knowing its address is no help: to others it does not exist."""
    stranger = make_user("neighbour")
    grant(stranger, RoleName.PROJECT_ADMIN, neighbours := make_project())
    before = estate.traces()
    body = {**estate.inside("Volume"), "project": estate.link("projects", neighbours)}
    answer = estate.post(stranger, ORDERS, body)
    refused(estate, answer, {"offering": ["There is no such offering, or you have no access to it."]}, before)


@pytest.mark.parametrize("path", [ORDERS, "/api/openstack-instances/", OFFERINGS])
class TestBodies:
    def test_a_body_that_is_not_json(self, estate: Estate, path: str) -> None:
        before = estate.traces()
        answer = client_of(estate.staff).post(path, b'{"name": ', content_type="application/json")
        reason = "The body is not valid JSON: Expecting value: line 1 column 10 (char 9)"
        refused(estate, answer, {"detail": reason}, before)

    def test_ten_megabytes_of_json(self, estate: Estate, path: str) -> None:
        before = estate.traces()
        body = json.dumps({"name": "x" * 10 * 1024 * 1024})
        answer = client_of(estate.staff).post(path, body, content_type="application/json")
        refused(estate, answer, {"detail": "The request body is larger than 2048 KiB."}, before, 413)

    def test_a_list_where_an_object_should_be(self, estate: Estate, path: str) -> None:
        before = estate.traces()
        answer = client_of(estate.staff).post(path, [{"name": "x"}])
        assert answer.status_code == 400
        assert estate.traces() == before


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"cores": 8}, {"limits": ["These are the limits it has."]}),
        ({"cores": 0}, {"limits": ["CPU cores: 0 is less than the least possible, 1."]}),
        ({"gpu": 1}, {"limits": ["The offering has no component gpu."]}),
        ({"cores": None}, {"limits": {"cores": ["This field may not be null."]}}),
    ],
)
def test_new_limits_that_cannot_be(estate: Estate, new: dict[str, Any], expected: dict[str, Any]) -> None:
    before = estate.traces()
    resource = estate.resource_of(estate.tenant)
    answer = estate.post(estate.owner, f"{RESOURCES}{resource.uuid.hex}/update_limits/", {"limits": new})
    refused(estate, answer, expected, before)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"default_internal_network_mtu": 67}, "Give a number from 68 to 9000."),
        ({"default_internal_network_mtu": 9001}, "Give a number from 68 to 9000."),
        ({"default_internal_network_mtu": "1500"}, "Give a number from 68 to 9000."),
        ({"storage_mode": "elastic"}, None),
        ({"max_instances": -5}, "Give a number from 0 on."),
        ({"max_volumes": "many"}, "Give a number from 0 on."),
    ],
)
def test_options_of_an_offering_that_cannot_be(estate: Estate, options: dict[str, Any], expected: str | None) -> None:
    before = estate.traces()
    answer = estate.post(estate.provider_owner, OFFERINGS, estate.offering_body(plugin_options=options))
    assert answer.status_code == 400
    (name,) = options
    assert list(answer.json()["plugin_options"]) == [name]
    assert expected is None or answer.json()["plugin_options"][name] == [expected]
    assert estate.traces() == before


def test_nobody_orders_for_a_project_he_is_not_in(estate: Estate) -> None:
    user: User = make_user("passer-by")
    before = estate.traces()
    answer = estate.post(user, ORDERS, estate.tenant_order(**attributes()))
    refused(estate, answer, {"project": ["There is no such project, or you have no access to it."]}, before)
