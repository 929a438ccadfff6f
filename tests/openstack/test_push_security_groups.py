"""All security groups of a tenant as one list: what is on it is made or changed, what is not goes."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import operation_of
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import retry
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, SecurityGroup, SecurityGroupRule, Tenant

SSH = {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr": "10.0.0.0/8"}
Rules = dict[str, list[tuple[Any, ...]]]


def push(cast: Cast, tenant: Tenant, groups: Any) -> Any:
    path = f"/api/openstack-tenants/{tenant.uuid.hex}/push_security_groups/"
    return client_of(cast.admin).post(path, groups, format="json")


def succeed(cast: Cast, tenant: Tenant, groups: Any) -> None:
    answer = push(cast, tenant, groups)
    assert answer.status_code == 202, answer.content
    drain()
    tenant.refresh_from_db()
    assert tenant.state == CoreState.OK, tenant.error_message


def group(tenant: Tenant, name: str) -> SecurityGroup:
    found: SecurityGroup = SecurityGroup.objects.get(tenant=tenant, name=name)
    return found


def used(tenant: Tenant) -> dict[str, int]:
    usages = dict(counters.quotas_of(tenant).values_list("name", "usage"))
    return {name: usages[name] for name in ("security_group_count", "security_group_rule_count")}


def state_of(tenant: Tenant) -> tuple[Any, ...]:
    """What a refused request must not change."""
    groups = list(tenant.securitygroups.order_by("pk").values_list("name", "description", "state", "backend_id"))
    rules = list(SecurityGroupRule.objects.order_by("pk").values_list("pk", "protocol", "remote_group"))
    return used(tenant), groups, rules, tenant.state, Operation.objects.count()


def in_cloud(tenant: Tenant) -> Rules:
    """By name of group: (direction, protocol, first port, name of the remote group) of its rules."""
    found = Cloud.of(tenant.service_settings).network.list("security_group", project_id=tenant.backend_id)
    names = {item["id"]: item["name"] for item in found}
    return {
        item["name"]: sorted(
            (rule["direction"], rule["protocol"], rule["port_range_min"], names.get(rule["remote_group_id"]))
            for rule in item["security_group_rules"]
        )
        for item in found
    }


def test_the_tenant_has_the_groups_of_the_list_and_no_other(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    ssh, before = group(tenant, "ssh"), used(tenant)
    rows = (SecurityGroup.objects.count(), SecurityGroupRule.objects.count())
    default = in_cloud(tenant)["default"]
    calls = twin.call_count()
    circle = [
        {"name": "web", "rules": [{"protocol": "tcp", "from_port": 80, "to_port": 80, "remote_group_name": "app"}]},
        {"name": "app", "description": "behind", "rules": [{"protocol": "udp", "remote_group_name": "web"}]},
        {"uuid": ssh.uuid.hex, "name": "shell", "rules": [{**SSH, "from_port": 2222, "to_port": 2222}]},
    ]
    succeed(cast, tenant, circle)
    assert in_cloud(tenant) == {
        "default": default,
        "web": [("ingress", "tcp", 80, "app")],
        "app": [("ingress", "udp", None, "web")],
        "shell": [("ingress", "tcp", 2222, None)],
    }
    states = dict(SecurityGroup.objects.filter(tenant=tenant).values_list("name", "state"))
    assert {name: state for name, state in states.items() if name != "default"} == {
        "web": "OK",
        "app": "OK",
        "shell": "OK",
    }
    grown = (SecurityGroup.objects.count() - rows[0], SecurityGroupRule.objects.count() - rows[1])
    assert tuple(used(tenant)[name] - before[name] for name in used(tenant)) == grown
    created = [call for call in twin.calls(calls) if call["mutating"] and call["method"] == "POST"]
    assert len([call for call in created if "security-group" in call["path"]]) == 4, (
        "one for groups, one for each one's rules"
    )


def test_an_empty_list_leaves_only_the_default_group(cast: Cast, tenant: Tenant) -> None:
    succeed(cast, tenant, [])
    assert list(in_cloud(tenant)) == ["default"]
    assert not SecurityGroup.objects.filter(tenant=tenant).exclude(name="default").exists()


def test_what_an_item_does_not_name_stays(cast: Cast, tenant: Tenant) -> None:
    ssh = group(tenant, "ssh")
    rules, description = in_cloud(tenant)["ssh"], ssh.description
    succeed(cast, tenant, [{"uuid": str(ssh.uuid), "name": "renamed"}])
    assert in_cloud(tenant)["renamed"] == rules
    ssh.refresh_from_db()
    assert (ssh.name, ssh.description) == ("renamed", description)


@pytest.mark.parametrize(
    ("field", "items"),
    [
        ("name", [{"name": "a"}, {"name": "a"}]),
        ("name", [{"name": "default"}]),
        ("uuid", [{"name": "a", "uuid": "0" * 32}]),
        ("remote_group_name", [{"name": "a", "rules": [{"remote_group_name": "nobody"}]}]),
        ("remote_group_name", [{"name": "a", "rules": [{"remote_group_name": "ssh"}]}]),
        ("remote_group", [{"name": "a", "rules": [{"remote_group": "SSH"}]}]),
        ("uuid", [{"name": "a", "uuid": "SSH"}, {"name": "b", "uuid": "SSH"}]),
        ("name", [{"name": "default", "uuid": "SSH"}]),
        (None, [{"uuid": "SSH"}]),
        (None, [{"name": "a", "rules": [{"protocol": "smoke"}]}]),
        (None, [{"name": "a", "rules": [SSH, SSH]}]),
        (None, [{"name": "a", "rules": [{**SSH, "remote_group_name": "a"}]}]),
        (None, {"name": "a"}),
        (None, "ssh"),
        (None, None),
    ],
)
def test_a_bad_list_is_refused_whole(cast: Cast, tenant: Tenant, field: str | None, items: Any) -> None:
    ssh, before = group(tenant, "ssh").uuid.hex, state_of(tenant)

    def known(value: Any) -> Any:
        if isinstance(value, list):
            return [known(item) for item in value]
        if isinstance(value, dict):
            return {key: known(item) for key, item in value.items()}
        return ssh if value == "SSH" else value

    answer = push(cast, tenant, known(items))
    assert answer.status_code == 400, answer.content
    assert field is None or list(answer.json()) == [field]
    assert state_of(tenant) == before


def test_the_quotas_are_taken_for_all_or_none(cast: Cast, tenant: Tenant) -> None:
    limit = used(tenant)["security_group_count"]
    counters.set_limits(tenant, {"security_group_count": limit})
    before = state_of(tenant)
    kept = [{"uuid": row.uuid.hex, "name": row.name} for row in tenant.securitygroups.exclude(name="default")]
    assert push(cast, tenant, [*kept, {"name": "more"}]).status_code == 400
    assert state_of(tenant) == before
    succeed(cast, tenant, [{"name": f"new-{number}"} for number in range(len(kept))])


def test_a_group_in_use_or_busy_is_not_touched(cast: Cast, tenant: Tenant, instance: Instance) -> None:
    ssh, before = group(tenant, "ssh"), state_of(tenant)
    answer = push(cast, tenant, [])
    assert (answer.status_code, instance.name in answer.content.decode()) == (409, True)
    assert state_of(tenant) == before
    SecurityGroup.objects.filter(pk=ssh.pk).update(state=CoreState.UPDATING)
    assert push(cast, tenant, [{"uuid": ssh.uuid.hex, "name": "ssh"}]).status_code == 409
    SecurityGroup.objects.filter(pk=ssh.pk).update(state=CoreState.OK)
    Tenant.objects.update(state=CoreState.UPDATING)
    assert push(cast, tenant, []).status_code == 409
    path = f"/api/openstack-tenants/{tenant.uuid.hex}/push_security_groups/"
    assert client_of(cast.member).post(path, [], format="json").status_code == 403
    assert client_of(cast.stranger).post(path, [], format="json").status_code == 404


def test_a_refusal_of_the_cloud_is_told_and_a_retry_goes_on(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    twin.add_fault(action="status", status=400, method="POST", path="/v2.0/security-group-rules", times=1)
    ssh = group(tenant, "ssh")
    items = [{"uuid": ssh.uuid.hex, "name": "ssh"}, {"name": "new", "rules": [{**SSH, "remote_group_name": ""}]}]
    assert push(cast, tenant, items).status_code == 202
    drain()
    tenant.refresh_from_db()
    assert (tenant.state, group(tenant, "new").state, group(tenant, "ssh").state) == ("ERRED", "ERRED", "ERRED")
    assert tenant.error_message == group(tenant, "new").error_message != ""
    retry(operation_of(tenant), user=cast.admin)
    drain()
    tenant.refresh_from_db()
    assert (tenant.state, group(tenant, "new").state, group(tenant, "ssh").state) == ("OK", "OK", "OK")
    assert in_cloud(tenant)["new"] == [("ingress", "tcp", 22, None)]
