"""Who sees and may do what: sessions, permissions, VDCs and ACL rules, locks."""

from typing import Any

import pyone
import pytest

from tests.twins.opennebula.conftest import ALPINE, EXTERNAL, RUNNING, Tenant, add_network, listed, server, state
from twins.opennebula import OpenNebulaTwin


def rules(one: Any) -> list[str]:
    return [rule.STRING for rule in one.acl.info().ACL]


def test_a_user_sees_what_is_theirs(one: Any, tenant: Tenant) -> None:
    foreign = one.template.instantiate(ALPINE, "foreign", False, "", False)
    own = tenant.one.template.instantiate(ALPINE, "own", False, "", False)
    assert [vm.ID for vm in listed(tenant.one.vmpool.info(-2, -1, -1, -1).VM)] == [own]
    assert [vm.ID for vm in listed(one.vmpool.info(-2, -1, -1, -1).VM)] == [own, foreign]
    assert [group.NAME for group in listed(tenant.one.grouppool.info().GROUP)] == ["blue"]
    assert [user.NAME for user in listed(tenant.one.userpool.info().USER)] == ["blue_admin"]
    assert listed(tenant.one.hostpool.info().HOST) == listed(tenant.one.vdcpool.info().VDC) == []
    with pytest.raises(pyone.OneAuthorizationException) as refusal:
        tenant.one.vm.info(foreign)
    user = f"User [{tenant.user_id}]"
    assert str(refusal.value) == f"[one.vm.info] {user} : Not authorized to perform USE VM [{foreign}]."


def test_everything_that_is_missing_is_said(tenant: Tenant) -> None:
    with pytest.raises(pyone.OneAuthorizationException) as refusal:
        tenant.one.vn.allocate('NAME="mine" VN_MAD="bridge"', 0)
    missing = "Not authorized to perform CREATE NET; Not authorized to perform ADMIN CLUSTER [0]."
    assert str(refusal.value).endswith(f": {missing}")


def test_a_group_that_leaves_the_default_vdc_sees_its_own_resources_only(one: Any, tenant: Tenant) -> None:
    private = add_network(one, "private", "10.7.0.2")
    seen = [network.NAME for network in listed(tenant.one.vnpool.info(-2, -1, -1).VNET)]
    assert seen == ["private", "blue_internal", "external"]
    one.vdc.delcluster(tenant.vdc_id, 0, 0)
    one.vdc.addvnet(tenant.vdc_id, 0, private)
    one.vn.chmod(EXTERNAL, 1, 1, 0, 0, 0, 0, 0, 0, 0)
    assert f"@{tenant.gid} NET/#{private} USE #0" in rules(one)
    seen = [network.NAME for network in listed(tenant.one.vnpool.info(-2, -1, -1).VNET)]
    assert seen == ["private", "blue_internal"]


def test_the_rules_of_a_vdc_come_and_go_with_it(one: Any, tenant: Tenant) -> None:
    mine = [rule for rule in rules(one) if rule.startswith(f"@{tenant.gid} ")]
    assert mine == [f"@{tenant.gid} {what} #0" for what in ("HOST/%0 MANAGE", "NET/%0 USE", "DATASTORE/%0 USE")]
    one.vdc.delete(tenant.vdc_id)
    assert not any(rule.startswith(f"@{tenant.gid} ") for rule in rules(one))


def test_a_rule_taken_from_a_vdc_stays_away_when_others_change(one: Any, tenant: Tenant) -> None:
    rule = f"@{tenant.gid} NET/%0 USE #0"
    [rule_id] = [each.ID for each in one.acl.info().ACL if rule == each.STRING]
    one.acl.delrule(rule_id)
    other = one.vdc.allocate({"NAME": "red"})
    one.vdc.addgroup(other, one.group.allocate("red"))
    one.vdc.addcluster(other, 0, 0)
    assert rule not in rules(one)
    one.vdc.delcluster(tenant.vdc_id, 0, 0)
    one.vdc.addcluster(tenant.vdc_id, 0, 0)
    assert rule in rules(one)


def test_a_rule_lets_members_create(one: Any, tenant: Tenant) -> None:
    extra = 'CPU="0.5"'
    with pytest.raises(pyone.OneAuthorizationException, match="Not authorized to perform CREATE TEMPLATE"):
        tenant.one.template.instantiate(ALPINE, "vm", False, extra, False)
    rule = one.acl.addrule(f"{0x200000000 + tenant.gid:x}", "121429400000000", "8", "400000000")
    tenant.one.template.instantiate(ALPINE, "vm", False, extra, False)
    with pytest.raises(pyone.OneAuthorizationException, match="restricted attribute NIC"):
        tenant.one.template.instantiate(ALPINE, "vm", False, 'NIC=[NETWORK_ID="0",MAC="02:00:00:00:00:01"]', False)
    with pytest.raises(pyone.OneInternalException, match="already exists"):
        one.acl.addrule(f"{0x200000000 + tenant.gid:x}", "121429400000000", "8", "400000000")
    one.acl.delrule(rule)
    with pytest.raises(pyone.OneAuthorizationException):
        tenant.one.template.instantiate(ALPINE, "vm", False, extra, False)


@pytest.mark.parametrize("level", [1, 2, 4])
def test_a_lock_holds_everyone_up(one: Any, tenant: Tenant, level: int) -> None:
    vm_id = tenant.one.template.instantiate(ALPINE, "vm", False, "", False)
    one.vm.lock(vm_id, level, False)
    with pytest.raises(pyone.OneAuthorizationException, match=rf"User \[0\] : VM is locked. \[{vm_id}\]"):
        one.vm.action("poweroff-hard", vm_id)
    with pytest.raises(pyone.OneAuthorizationException, match=rf"Not authorized to perform MANAGE VM \[{vm_id}\]"):
        tenant.one.vm.action("poweroff-hard", vm_id)
    vm = tenant.one.vm.info(vm_id)
    assert (vm.LOCK.LOCKED, state(one, vm_id)) == (level, RUNNING)
    one.vm.unlock(vm_id)
    tenant.one.vm.action("poweroff-hard", vm_id)


def test_a_new_password_ends_the_old_one(twin: OpenNebulaTwin, one: Any, tenant: Tenant) -> None:
    token = tenant.one.user.login("blue_admin", "", 60, -1)
    assert tenant.user_id == server(twin, f"blue_admin:{token}").user.info(-1).ID
    tenant.one.user.passwd(tenant.user_id, "new")
    for session in ("blue_admin:pw", f"blue_admin:{token}", "nobody:pw", "nonsense", "serveradmin:server-opennebula"):
        with pytest.raises(pyone.OneAuthenticationException, match="User couldn't be authenticated, aborting call"):
            server(twin, session).user.info(-1)
    assert tenant.user_id == server(twin, "blue_admin:new").user.info(-1).ID


def test_a_token_ends_in_time(twin: OpenNebulaTwin, tenant: Tenant) -> None:
    token = tenant.one.user.login("blue_admin", "", 60, -1)
    twin.client.advance(61)
    with pytest.raises(pyone.OneAuthenticationException):
        server(twin, f"blue_admin:{token}").user.info(-1)


def test_a_group_with_users_stays(one: Any, tenant: Tenant) -> None:
    vm_id = tenant.one.template.instantiate(ALPINE, "vm", False, "", False)
    with pytest.raises(pyone.OneActionException, match=f"Group {tenant.gid} is not empty"):
        one.group.delete(tenant.gid)
    one.user.delete(tenant.user_id)
    one.group.delete(tenant.gid)
    vm = one.vm.info(vm_id)
    assert (tenant.gid, "blue", "blue_admin") == (vm.GID, vm.GNAME, vm.UNAME)
    assert listed(one.vdc.info(tenant.vdc_id).GROUPS.ID) == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda one: one.group.allocate("blue"), pyone.OneInternalException),
        (lambda one: one.group.allocate(""), pyone.OneInternalException),
        (lambda one: one.group.allocate("a:b"), pyone.OneInternalException),
        (lambda one: one.group.allocate("x" * 129), pyone.OneInternalException),
        (lambda one: one.group.info(9999), pyone.OneNoExistsException),
        (lambda one: one.group.quota(9999, "VM=[CPU=1]"), pyone.OneAuthorizationException),
        (lambda one: one.group.delete(1), pyone.OneActionException),
        (lambda one: one.user.allocate("u v", "pw", "", []), pyone.OneInternalException),
        (lambda one: one.user.allocate("u", "", "", []), pyone.OneInternalException),
        (lambda one: one.user.allocate("u", "pw", "", [9999]), pyone.OneNoExistsException),
        (lambda one: one.user.delete(0), pyone.OneActionException),
        (lambda one: one.vdc.addcluster(0, 7, 0), pyone.OneNoExistsException),
        (lambda one: one.vdc.delete(0), pyone.OneActionException),
        (lambda one: one.acl.addrule("zz", "1", "1"), pyone.OneInternalException),
        (lambda one: one.acl.addrule("1", "1", "1"), pyone.OneInternalException),
        (lambda one: one.template.allocate("NAME="), pyone.OneInternalException),
        (lambda one: one.template.allocate("NAME=[A=1"), pyone.OneInternalException),
        (lambda one: one.template.allocate("<T><NAME>x</T>"), pyone.OneInternalException),
        (lambda one: one.vm.lock(9999, 1, False), pyone.OneNoExistsException),
        (lambda one: one.image.allocate('NAME="alpine" PATH="/x"', 1), pyone.OneException),
        (lambda one: one.host.allocate("dummy0", "dummy", "dummy", 0), pyone.OneException),
    ],
)
def test_a_bad_call_is_refused_and_changes_nothing(
    twin: OpenNebulaTwin, one: Any, tenant: Tenant, call: Any, error: type[Exception]
) -> None:
    before = twin.client.objects()
    with pytest.raises(error):
        call(one)
    assert twin.client.objects() == before
    assert twin.client.calls()[-1]["changed"] is False
