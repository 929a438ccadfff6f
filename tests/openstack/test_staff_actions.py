"""What staff may do to a row without asking the cloud: call it healthy or broken, and forget it."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import usages
from tests.openstack.behind import ask, cloud_of, path_of, pulled
from tests.openstack.orders import build_tenant
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.quotas.models import Quota
from waldur_openstack.models import (
    FloatingIP,
    Instance,
    Network,
    Port,
    SecurityGroup,
    SecurityGroupRule,
    SubNet,
    Tenant,
    Volume,
)

KINDS = ("networks", "subnets", "ports", "floatingips", "securitygroups", "volumes", "instances")
FREED: dict[str, dict[str, int]] = {
    "networks": {"network_count": 1, "subnet_count": 1, "port_count": 2},  # of the router and of the server
    "subnets": {"subnet_count": 1, "port_count": 2},
    "ports": {"port_count": 1},
    "floatingips": {"floating_ip_count": 1},
    "securitygroups": {"security_group_count": 1, "security_group_rule_count": 4},
    "volumes": {"volumes": 1, "volumes_size": 1024, "storage": 1024},
    "instances": {"instances": 1, "vcpu": 1, "ram": 512},
}


def one_of(tenant: Tenant, kind: str) -> Any:
    rows = getattr(tenant, kind)
    if kind == "securitygroups":
        return rows.get(name="web")
    return rows.get(bootable=False) if kind == "volumes" else rows.first()


def rows() -> dict[str, int]:
    models = (FloatingIP, Instance, Network, Port, SecurityGroup, SecurityGroupRule, SubNet, Tenant, Volume)
    return {model.__name__: model._default_manager.count() for model in models}


@pytest.mark.parametrize("kind", KINDS)
def test_a_forgotten_row_gives_its_quotas_back_and_the_cloud_keeps_the_object(
    cast: Cast, instance: Instance, twin: TwinClient, kind: str
) -> None:
    tenant = instance.tenant
    obj, before, in_cloud = one_of(tenant, kind), usages(tenant), twin.objects()
    type(obj).objects.filter(pk=obj.pk).update(state="UPDATING")  # stuck: no operation is at work
    answer = ask(cast, obj, "unlink", user=cast.staff)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not type(obj).objects.filter(pk=obj.pk).exists()
    after = usages(tenant)
    freed = {name: usage - after[name] for name, usage in before.items() if usage != after[name]}
    assert {name: number for name, number in freed.items() if not name.startswith("gigabytes")} == FREED[kind]
    assert twin.objects() == in_cloud
    assert client_of(cast.admin).get(path_of(obj)).status_code == 404


def test_a_forgotten_sub_resource_comes_back_with_the_next_pull(cast: Cast, instance: Instance) -> None:
    tenant = instance.tenant
    pulled(cast, tenant)
    before, rules = usages(tenant), SecurityGroupRule.objects.count()
    group = tenant.securitygroups.get(name="web")
    ask(cast, group, "unlink", user=cast.staff)
    pulled(cast, tenant)
    again = tenant.securitygroups.get(name="web")
    assert (again.backend_id, again.description) == (group.backend_id, group.description)
    assert (usages(tenant), SecurityGroupRule.objects.count()) == (before, rules)


def test_a_forgotten_tenant_takes_its_rows_along_and_nobody_elses(
    cast: Cast, instance: Instance, twin: TwinClient
) -> None:
    tenant = instance.tenant
    other = build_tenant(tenant.service_settings, cast.project, cast.owner, name="other")
    kept = usages(other)
    in_cloud = twin.objects()
    assert ask(cast, tenant, "unlink", user=cast.staff).status_code == 204
    assert list(Tenant.objects.all()) == [other]
    assert (Instance.objects.count(), Volume.objects.count(), Network.objects.count()) == (0, 0, 1)
    assert usages(other) == kept
    assert set(Quota.objects.values_list("object_id", flat=True)) == {other.pk}
    assert twin.objects() == in_cloud


@pytest.mark.parametrize("action", ["unlink", "set_ok", "set_erred"])
def test_nothing_is_forced_while_an_operation_is_at_work(cast: Cast, instance: Instance, action: str) -> None:
    assert ask(cast, instance).status_code == 202
    before, used = rows(), usages(instance.tenant)
    answer = ask(cast, instance, action, user=cast.staff)
    assert (answer.status_code, "Pull of instance is at work" in answer.json()["detail"]) == (409, True)
    if action == "unlink":
        answer = ask(cast, instance.tenant, action, user=cast.staff)
        assert (answer.status_code, "Pull of instance is at work" in answer.json()["detail"]) == (409, True)
    assert (rows(), usages(instance.tenant)) == (before, used)
    drain()
    assert Instance.objects.get().state == "OK"
    assert ask(cast, instance, action, user=cast.staff).status_code in (200, 204)


def test_only_staff_may_and_a_refusal_changes_nothing(cast: Cast, instance: Instance) -> None:
    before, used = rows(), usages(instance.tenant)
    for kind in KINDS:
        obj = one_of(instance.tenant, kind)
        for action in ("unlink", "set_ok", "set_erred"):
            for person in (cast.admin, cast.owner, cast.support, cast.stranger):
                assert ask(cast, obj, action, user=person).status_code in (403, 404)
    assert (rows(), usages(instance.tenant), Operation.objects.filter(state__in=Operation.LIVE).count()) == (
        before, used, 0,
    )  # fmt: skip


def test_a_state_is_set_from_any_other(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    volume, calls = instance.volumes.first(), twin.call_count()
    assert volume
    for state in ("CREATING", "UPDATING", "DELETING", "OK"):
        Volume.objects.filter(pk=volume.pk).update(state=state)
        body = {"error_message": "dropped", "error_traceback": "line 1"}
        assert ask(cast, volume, "set_erred", user=cast.staff, **body).status_code == 200
        volume.refresh_from_db()
        assert (volume.state, volume.error_message, volume.error_traceback) == ("ERRED", "dropped", "line 1")
        assert ask(cast, volume, "set_ok", user=cast.staff).status_code == 200
        volume.refresh_from_db()
        assert (volume.state, volume.error_message, volume.error_traceback) == ("OK", "", "")
    assert twin.call_count() == calls
    assert ask(cast, volume, "set_erred", user=cast.staff, error_message=["no"]).status_code == 400


def test_a_group_that_others_name_takes_their_rules_along(cast: Cast, tenant: Tenant) -> None:
    web, ssh = tenant.securitygroups.get(name="web"), tenant.securitygroups.get(name="ssh")
    ssh.rules.create(protocol="tcp", from_port=1, to_port=1, remote_group=web)
    before = usages(tenant)["security_group_rule_count"]
    assert ask(cast, web, "unlink", user=cast.staff).status_code == 204
    assert usages(tenant)["security_group_rule_count"] == before - 5  # with the two that Neutron gives each group
    assert cloud_of(tenant).network.show("security_group", web.backend_id)
