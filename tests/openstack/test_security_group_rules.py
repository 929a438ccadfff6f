"""The rules of a security group: all replaced, one added, one removed."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.test_security_groups import GROUPS, SSH, make, rules_in_cloud, usage
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import retry
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack.models import SecurityGroup, Tenant

WEB = {"protocol": "tcp", "from_port": 80, "to_port": 80}
SSH_IN_CLOUD = ("ingress", "IPv4", "tcp", 22, "10.0.0.0/8")
WEB_IN_CLOUD = ("ingress", "IPv4", "tcp", 80, "0.0.0.0/0")


@pytest.fixture
def group(cast: Cast, tenant: Tenant) -> SecurityGroup:
    return make(cast, tenant)


def set_rules(cast: Cast, group: SecurityGroup, rules: Any) -> Any:
    return client_of(cast.admin).post(f"{GROUPS}{group.uuid.hex}/set_rules/", rules)


def snapshot(group: SecurityGroup) -> tuple[Any, ...]:
    group.refresh_from_db()
    return list(group.rules.values_list()), group.state, usage(group.tenant), Operation.objects.count()


def test_the_list_replaces_all_rules(cast: Cast, group: SecurityGroup) -> None:
    groups, rules = usage(group.tenant)
    answer = set_rules(cast, group, [WEB, {"direction": "egress"}])
    assert answer.status_code == 202
    assert answer.json()["status"]
    drain()
    assert rules_in_cloud(group) == [("egress", "IPv4", None, None, "0.0.0.0/0"), WEB_IN_CLOUD]
    assert usage(group.tenant) == (groups, rules + 1)
    assert set_rules(cast, group, []).status_code == 202
    drain()
    assert rules_in_cloud(group) == []
    assert usage(group.tenant) == (groups, rules - 1)


def test_the_same_list_changes_nothing_in_the_cloud(cast: Cast, group: SecurityGroup, twin: TwinClient) -> None:
    set_rules(cast, group, [SSH])
    before = twin.call_count()
    drain()
    assert not [call for call in twin.calls(before) if call["mutating"] and call["service"] == "network"]


def test_a_first_group_of_a_tenant_shows_what_lets_everything_out_until_somebody_leaves_it_out(
    cast: Cast, tenant: Tenant
) -> None:
    """Neutron's own rules are rows from the beginning, so that a list without them means that they shall go."""
    ssh = tenant.securitygroups.get(name="ssh")
    egress = [("egress", kind, None, None, None) for kind in ("IPv4", "IPv6")]
    assert rules_in_cloud(ssh)[:2] == egress
    assert sorted(ssh.rules.values_list("direction", "ethertype")) == [
        ("egress", "IPv4"), ("egress", "IPv6"), ("ingress", "IPv4"),
    ]  # fmt: skip
    shown = client_of(cast.admin).get(f"/api/openstack-security-groups/{ssh.uuid.hex}/").json()["rules"]
    kept = [{key: rule[key] for key in ("direction", "ethertype")} for rule in shown if rule["direction"] == "egress"]
    set_rules(cast, ssh, [WEB, *kept])
    drain()
    assert rules_in_cloud(ssh) == [*egress, WEB_IN_CLOUD]
    set_rules(cast, ssh, [WEB])
    drain()
    assert rules_in_cloud(ssh) == [WEB_IN_CLOUD]


def test_a_rule_comes_and_goes_alone(cast: Cast, group: SecurityGroup) -> None:
    client, taken = client_of(cast.admin), usage(group.tenant)
    answer = client.post(f"/api/openstack-sgp/{group.uuid.hex}/rules/", WEB)
    assert (answer.status_code, answer.json()["from_port"]) == (201, 80)
    drain()
    assert rules_in_cloud(group) == [SSH_IN_CLOUD, WEB_IN_CLOUD]
    answer = client.delete(f"/api/openstack-sgp/{group.uuid.hex}/rules/{answer.json()['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    drain()
    assert rules_in_cloud(group) == [SSH_IN_CLOUD]
    assert usage(group.tenant) == taken


@pytest.mark.parametrize("rules", [[SSH, SSH], {}, "rules", [None], [{**SSH, "to_port": 1}], [{"cidr": "here"}]])
def test_a_wrong_list_is_refused(cast: Cast, group: SecurityGroup, rules: Any) -> None:
    before = snapshot(group)
    assert set_rules(cast, group, rules).status_code == 400
    assert snapshot(group) == before


def test_a_wrong_or_unknown_rule_is_refused(cast: Cast, group: SecurityGroup) -> None:
    before, client = snapshot(group), client_of(cast.admin)
    path = f"/api/openstack-sgp/{group.uuid.hex}/rules/"
    foreign = group.tenant.securitygroups.get(name="ssh").rules.get(direction="ingress")
    assert client.post(path, {**SSH, "description": "again"}).status_code == 400
    assert client.post(path, [SSH]).status_code == 400
    for number in (foreign.pk, 10**18 - 1):
        assert client.delete(f"{path}{number}/").status_code == 404
    for person, status in ((cast.member, 403), (cast.stranger, 404)):
        assert client_of(person).post(path, WEB).status_code == status
        assert client_of(person).delete(f"{path}{group.rules.get().pk}/").status_code == status
    assert snapshot(group) == before


def test_a_busy_group_is_left_alone(cast: Cast, group: SecurityGroup) -> None:
    set_rules(cast, group, [WEB])
    before, path = snapshot(group), f"/api/openstack-sgp/{group.uuid.hex}/rules/"
    assert set_rules(cast, group, []).status_code == 409
    assert client_of(cast.admin).post(path, SSH).status_code == 409
    assert client_of(cast.admin).delete(f"{path}{group.rules.get().pk}/").status_code == 409
    assert snapshot(group) == before


def test_the_quota_of_rules_holds(cast: Cast, group: SecurityGroup) -> None:
    counters.set_limits(group.tenant, {"security_group_rule_count": usage(group.tenant)[1]})
    before = snapshot(group)
    assert set_rules(cast, group, [SSH, WEB]).status_code == 400
    assert client_of(cast.admin).post(f"{GROUPS}{group.uuid.hex}/rules/", WEB).status_code == 400
    assert snapshot(group) == before
    assert set_rules(cast, group, [WEB]).status_code == 202


def test_a_refused_change_is_told_and_goes_on(cast: Cast, group: SecurityGroup, twin: TwinClient) -> None:
    twin.add_fault(action="status", status=400, method="POST", path="/v2.0/security-group-rules", nth=1)
    set_rules(cast, group, [WEB])
    drain()
    group.refresh_from_db()
    assert (group.state, bool(group.error_message)) == (CoreState.ERRED, True)
    retry(Operation.objects.latest("pk"), user=cast.admin)
    drain()
    assert rules_in_cloud(group) == [WEB_IN_CLOUD]
