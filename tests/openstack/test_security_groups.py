"""Security groups: made, renamed and deleted through the API, in the database and in the cloud."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import operation_of, order_instance
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import SecurityGroup, Tenant

SSH = {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr": "10.0.0.0/8"}
GROUPS = "/api/openstack-security-groups/"


def usage(tenant: Tenant) -> tuple[int, int]:
    found = {quota.name: quota.usage for quota in counters.quotas_of(tenant)}
    return found["security_group_count"], found["security_group_rule_count"]


def state_of(tenant: Tenant) -> tuple[Any, ...]:
    """What a refused request must not change."""
    groups = list(tenant.securitygroups.order_by("pk").values_list("name", "description", "state"))
    return usage(tenant), groups, Operation.objects.count()


def doors(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    """Both ways to the same room."""
    url = f"http://testserver/api/openstack-tenants/{tenant.uuid.hex}/"
    return [(f"{url}create_security_group/", {}), ("/api/openstack-sgp/", {"tenant": url}), (GROUPS, {"tenant": url})]


def make(cast: Cast, tenant: Tenant, **body: Any) -> SecurityGroup:
    path, _ = doors(tenant)[0]
    answer = client_of(cast.admin).post(path, {"name": "app", "rules": [SSH], **body})
    assert answer.status_code == 201, answer.content
    drain()
    group = SecurityGroup.objects.get(uuid=answer.json()["uuid"])
    assert group.state == CoreState.OK, group.error_message
    return group


def in_cloud(group: SecurityGroup) -> Any:
    found = Cloud.of(group.service_settings).network.show("security_group", group.backend_id)
    assert found
    return found


def rules_in_cloud(group: SecurityGroup) -> list[tuple[Any, ...]]:
    names = ("direction", "ethertype", "protocol", "port_range_min", "remote_ip_prefix")
    return sorted((tuple(rule[name] for name in names) for rule in in_cloud(group)["security_group_rules"]), key=str)


@pytest.mark.parametrize("door", [0, 1, 2])
def test_a_new_group_has_its_rules_and_no_other(cast: Cast, tenant: Tenant, door: int) -> None:
    groups, rules = usage(tenant)
    path, body = doors(tenant)[door]
    answer = client_of(cast.admin).post(path, {"name": "app", "description": "d", "rules": [SSH], **body})
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert (shown["name"], shown["state"]) == ("app", "CREATION_SCHEDULED")
    assert [rule["from_port"] for rule in shown["rules"]] == [22]
    drain()
    group = SecurityGroup.objects.get(uuid=shown["uuid"])
    assert group.state == CoreState.OK
    assert in_cloud(group)["name"] == "app"
    assert rules_in_cloud(group) == [("ingress", "IPv4", "tcp", 22, "10.0.0.0/8")]
    assert usage(tenant) == (groups + 1, rules + 1)


def test_a_group_without_rules_denies_everything(cast: Cast, tenant: Tenant) -> None:
    assert rules_in_cloud(make(cast, tenant, rules=[])) == []


def test_a_rule_may_name_another_group_and_let_everything_out(cast: Cast, tenant: Tenant) -> None:
    ssh = tenant.securitygroups.get(name="ssh")
    link = f"http://testserver{GROUPS}{ssh.uuid.hex}/"
    out = {"direction": "egress"}
    group = make(cast, tenant, rules=[{"protocol": "tcp", "remote_group": link}, out])
    assert rules_in_cloud(group) == [("egress", "IPv4", None, None, None), ("ingress", "IPv4", "tcp", None, None)]
    shown = client_of(cast.member).get(f"{GROUPS}{group.uuid.hex}/").json()
    assert (shown["rules"][0]["remote_group"], shown["rules"][0]["remote_group_name"]) == (link, "ssh")


WRONG = [
    ({"name": "default"}, "name"),
    ({"name": "ssh"}, "name"),
    ({"name": ""}, "name"),
    ({"rules": [SSH, {**SSH, "description": "again"}]}, "rules"),
    ({"rules": [{**SSH, "from_port": 23}]}, "rules"),
    ({"rules": [{**SSH, "cidr": "fe80::/64"}]}, "rules"),
    ({"rules": [{**SSH, "protocol": "tls"}]}, "rules"),
    ({"rules": [{**SSH, "remote_group": "0" * 32}]}, "rules"),
    ({"rules": [{"protocol": "icmp", "to_port": 1}]}, "rules"),
    ({"rules": [{"protocol": "47", "from_port": 1, "to_port": 1}]}, "rules"),
    ({"rules": [{"from_port": 80, "to_port": 80}]}, "rules"),
    ({"rules": {}}, "rules"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
def test_what_makes_no_sense_is_refused(cast: Cast, tenant: Tenant, wrong: dict[str, Any], field: str) -> None:
    before = state_of(tenant)
    for path, body in doors(tenant):
        answer = client_of(cast.admin).post(path, {"name": "app", "rules": [], **body, **wrong})
        assert (answer.status_code, list(answer.json())) == (400, [field]), answer.content
    assert state_of(tenant) == before


def test_a_group_of_another_tenant_cannot_be_named(cast: Cast, tenant: Tenant) -> None:
    other = Tenant.objects.create(name="other", project=tenant.project, service_settings=tenant.service_settings)
    group = SecurityGroup.objects.create(tenant=other, name="theirs", state=CoreState.OK, backend_id="x")
    before = state_of(tenant)
    body = {"name": "app", "rules": [{"protocol": "tcp", "remote_group": group.uuid.hex}]}
    assert client_of(cast.admin).post(doors(tenant)[0][0], body).status_code == 400
    assert state_of(tenant) == before


def test_a_quota_is_not_exceeded(cast: Cast, tenant: Tenant) -> None:
    for name, words in (("security_group_count", "1 more"), ("security_group_rule_count", "1 more")):
        counters.set_limits(tenant, {name: {q.name: q.usage for q in counters.quotas_of(tenant)}[name]})
        before = state_of(tenant)
        answer = client_of(cast.admin).post(doors(tenant)[0][0], {"name": "app", "rules": [SSH]})
        assert (answer.status_code, words in str(answer.json())) == (400, True)
        assert state_of(tenant) == before
        counters.set_limits(tenant, {name: 100})


def test_only_those_who_manage_the_tenant_and_only_when_it_is_ok(cast: Cast, tenant: Tenant) -> None:
    group = make(cast, tenant)
    paths = [(path, {"name": "new", "rules": [], **body}) for path, body in doors(tenant)]
    own = f"{GROUPS}{group.uuid.hex}/"
    calls: list[tuple[str, str, Any]] = [
        *(("post", path, body) for path, body in paths),
        ("put", own, {"name": "new"}),
        ("patch", own, {"name": "new"}),
        ("delete", own, {}),
        ("post", f"{own}set_rules/", []),
    ]
    before = state_of(tenant)
    for method, path, body in calls:
        assert getattr(client_of(cast.member), method)(path, body).status_code == 403
        assert getattr(client_of(cast.stranger), method)(path, body).status_code in (400, 404)
    Tenant.objects.update(state=CoreState.UPDATING)
    for method, path, body in calls:
        assert getattr(client_of(cast.admin), method)(path, body).status_code == 409
    assert state_of(tenant) == before


def test_a_new_name_reaches_the_cloud(cast: Cast, tenant: Tenant) -> None:
    group = make(cast, tenant, description="first")
    client, path = client_of(cast.admin), f"{GROUPS}{group.uuid.hex}/"
    answer = client.patch(path, {"name": "www"})
    assert answer.status_code == 200
    assert {"name": "www", "description": "first"}.items() <= answer.json().items()
    assert client.patch(path, {"name": "again"}).status_code == 409
    drain()
    assert in_cloud(group)["name"] == "www"
    assert client.put(path, {"name": "www", "description": "second"}).status_code == 200
    drain()
    assert in_cloud(group)["description"].startswith("second [")
    operations = Operation.objects.count()
    assert client.put(path, {"name": "www"}).json()["description"] == "second"
    assert Operation.objects.count() == operations


def test_a_group_may_be_named_by_either_of_its_addresses(cast: Cast, tenant: Tenant) -> None:
    group = make(cast, tenant)
    rule = {"protocol": "tcp", "remote_group": f"http://testserver/api/openstack-sgp/{group.uuid.hex}/"}
    answer = client_of(cast.admin).post(f"/api/openstack-sgp/{group.uuid.hex}/rules/", rule)
    assert (answer.status_code, answer.json()["remote_group_name"]) == (201, group.name), answer.content
    drain()


def test_the_default_group_and_taken_names_are_refused(cast: Cast, tenant: Tenant) -> None:
    group, default = make(cast, tenant), tenant.securitygroups.get(name="default")
    before = state_of(tenant)
    for path, body in (
        (f"{GROUPS}{default.uuid.hex}/", {"name": "mine"}),
        (f"{GROUPS}{default.uuid.hex}/", {"description": "mine"}),
        (f"{GROUPS}{group.uuid.hex}/", {"name": "ssh"}),
        (f"{GROUPS}{group.uuid.hex}/", {"name": "default"}),
    ):
        answer = client_of(cast.admin).patch(path, body)
        assert (answer.status_code, list(answer.json())) == (400, ["name"])
    assert client_of(cast.admin).delete(f"{GROUPS}{default.uuid.hex}/").status_code == 400
    assert state_of(tenant) == before


def test_a_deleted_group_leaves_nothing(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before, taken = twin.objects(), usage(tenant)
    group = make(cast, tenant, rules=[SSH, {"direction": "egress"}])
    naming = {"protocol": "udp", "remote_group": group.uuid.hex}
    other = make(cast, tenant, name="other", rules=[naming])
    answer = client_of(cast.admin).delete(f"/api/openstack-sgp/{group.uuid.hex}/")
    assert (answer.status_code, answer.content) == (204, b"")
    drain()
    assert not SecurityGroup.objects.filter(pk=group.pk).exists()
    assert not other.rules.exists()
    assert client_of(cast.admin).delete(f"{GROUPS}{other.uuid.hex}/").status_code == 204
    drain()
    assert twin.leftovers(before) == {}
    assert usage(tenant) == taken


def test_a_group_in_use_is_not_deleted(cast: Cast, tenant: Tenant) -> None:
    order_instance(tenant, cast.owner)
    group, before = tenant.securitygroups.get(name="ssh"), state_of(tenant)
    answer = client_of(cast.admin).delete(f"{GROUPS}{group.uuid.hex}/")
    assert answer.status_code == 409
    assert "server" in answer.json()["detail"]
    assert state_of(tenant) == before


def test_a_creation_the_cloud_refuses_is_undone_and_the_row_can_go(
    cast: Cast, tenant: Tenant, twin: TwinClient
) -> None:
    before, taken = twin.objects(), usage(tenant)
    twin.add_fault(action="status", status=400, method="POST", path="/v2.0/security-group-rules", nth=1)
    answer = client_of(cast.admin).post(doors(tenant)[0][0], {"name": "app", "rules": [SSH]})
    drain()
    group = SecurityGroup.objects.get(uuid=answer.json()["uuid"])
    assert (group.state, bool(group.error_message)) == (CoreState.ERRED, True)
    assert operation_of(group).state == Operation.State.ERRED
    assert twin.leftovers(before) == {}
    assert client_of(cast.admin).delete(f"{GROUPS}{group.uuid.hex}/").status_code == 204
    drain()
    assert not SecurityGroup.objects.filter(pk=group.pk).exists()
    assert usage(tenant) == taken
