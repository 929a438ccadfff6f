"""Quotas of groups and users: per datastore and network id, -1 and -2, and what counts for them."""

from typing import Any

import pyone
import pytest

from tests.twins.opennebula.conftest import ALPINE, EXTERNAL, POWEROFF, Tenant, add_network, listed, state

MAY_CREATE = "121429400000000"  # VM+IMAGE+TEMPLATE+…/*


def vm_quota(one: Any, gid: int, *names: str) -> list[float]:
    """These amounts; some versions of pyone give strings."""
    (quota,) = listed(one.group.info(gid).VM_QUOTA.VM)
    return [float(getattr(quota, name)) for name in names]


def allow_creation(one: Any, gid: int) -> None:
    one.acl.addrule(f"{0x200000000 + gid:x}", MAY_CREATE, "8", "400000000")


def test_the_number_of_machines_is_limited(one: Any, tenant: Tenant) -> None:
    one.group.quota(tenant.gid, 'VM=[CPU="4",MEMORY="4096",VMS="1"]')
    tenant.one.template.instantiate(ALPINE, "one", False, "", False)
    with pytest.raises(pyone.OneAuthorizationException) as refusal:
        tenant.one.template.instantiate(ALPINE, "two", False, "", False)
    whose = f"User [{tenant.user_id}] : group [{tenant.gid}]"
    assert str(refusal.value) == f"[one.template.instantiate] {whose} limit of 1 reached for VMS quota in VM."
    assert vm_quota(one, tenant.gid, "VMS", "VMS_USED", "CPU_USED", "MEMORY_USED") == [1, 1, 1, 512]
    assert len(listed(tenant.one.vmpool.info(-2, -1, -1, -1).VM)) == 1


def test_a_limit_holds_for_its_own_datastore_only(one: Any, tenant: Tenant) -> None:
    other = one.datastore.allocate('NAME="other" DS_MAD="dummy" TM_MAD="dummy"', 0)
    allow_creation(one, tenant.gid)
    one.group.quota(tenant.gid, 'DATASTORE=[ID="1",SIZE="1000",IMAGES="-1"]')
    with pytest.raises(pyone.OneAuthorizationException, match="for SIZE quota in DATASTORE with ID: 1"):
        tenant.one.image.allocate('NAME="a" SIZE="2000" TYPE="DATABLOCK"', 1)
    tenant.one.image.allocate('NAME="a" SIZE="2000" TYPE="DATABLOCK"', other)
    quotas = listed(one.group.info(tenant.gid).DATASTORE_QUOTA.DATASTORE)
    sizes = {int(each.ID): (int(each.SIZE), int(each.SIZE_USED)) for each in quotas}
    assert sizes == {1: (1000, 0), other: (-1, 2000)}


def test_minus_one_is_no_wildcard_for_ids(one: Any, tenant: Tenant) -> None:
    """ID=-1 is accepted, and limits nothing that exists."""
    allow_creation(one, tenant.gid)
    one.group.quota(tenant.gid, 'DATASTORE=[ID="-1",SIZE="1"]\nNETWORK=[ID="-1",LEASES="0"]')
    tenant.one.image.allocate('NAME="a" SIZE="2000" TYPE="DATABLOCK"', 1)
    nic = f'NIC=[NETWORK_ID="{tenant.network_id}"]'
    tenant.one.template.instantiate(ALPINE, "vm", False, nic, False)


def test_minus_one_is_the_default_quota_and_minus_two_unlimited(one: Any, tenant: Tenant) -> None:
    one.groupquota.update('VM=[VMS="0"]')
    with pytest.raises(pyone.OneAuthorizationException, match="limit of 0 reached for VMS"):
        tenant.one.template.instantiate(ALPINE, "vm", False, "", False)
    one.group.quota(tenant.gid, 'VM=[VMS="-1",CPU="9"]')
    with pytest.raises(pyone.OneAuthorizationException, match="limit of 0 reached for VMS"):
        tenant.one.template.instantiate(ALPINE, "vm", False, "", False)
    one.group.quota(tenant.gid, 'VM=[VMS="-2"]')
    tenant.one.template.instantiate(ALPINE, "vm", False, "", False)
    assert vm_quota(one, tenant.gid, "VMS", "CPU") == [-2, -1]  # what a quota does not mention goes back to the default


@pytest.mark.parametrize("bad", ['VM=[CPU="-3"]', 'DATASTORE=[SIZE="5"]', 'NETWORK=[LEASES="5"]', "garbage"])
def test_a_bad_quota_changes_nothing(one: Any, tenant: Tenant, bad: str) -> None:
    one.group.quota(tenant.gid, 'VM=[CPU="2"]')
    with pytest.raises(pyone.OneActionException):
        one.group.quota(tenant.gid, bad)
    assert vm_quota(one, tenant.gid, "CPU") == [2]


def test_leases_count_per_network(one: Any, tenant: Tenant) -> None:
    other = add_network(one, "other", "10.9.0.2")
    allow_creation(one, tenant.gid)
    one.group.quota(tenant.gid, f'NETWORK=[ID="{tenant.network_id}",LEASES="1"]')
    nics = f'NIC=[NETWORK_ID="{tenant.network_id}"]\n'
    with pytest.raises(pyone.OneAuthorizationException, match=f"LEASES quota in NETWORK with ID: {tenant.network_id}"):
        tenant.one.template.instantiate(ALPINE, "vm", False, nics + nics, False)
    vm_id = tenant.one.template.instantiate(ALPINE, "vm", False, nics + f'NIC=[NETWORK_ID="{other}"]', False)
    with pytest.raises(pyone.OneAuthorizationException):
        tenant.one.vm.attachnic(vm_id, nics)
    tenant.one.vm.action("terminate-hard", vm_id)
    networks = listed(one.group.info(tenant.gid).NETWORK_QUOTA.NETWORK)
    assert [(int(each.ID), int(each.LEASES_USED)) for each in networks] == [(tenant.network_id, 0)]


def test_a_floating_address_of_a_router_counts(one: Any, tenant: Tenant) -> None:
    router = one.vrouter.allocate(f'NAME="r" NIC=[NETWORK_ID="{EXTERNAL}",FLOATING_IP="YES"]')
    one.group.quota(tenant.gid, f'NETWORK=[ID="{EXTERNAL}",LEASES="0"]')
    with pytest.raises(pyone.OneAuthorizationException, match="LEASES"):
        one.vrouter.chown(router, -1, tenant.gid)
    one.group.quota(tenant.gid, f'NETWORK=[ID="{EXTERNAL}",LEASES="1"]')
    one.vrouter.chown(router, -1, tenant.gid)
    (network,) = listed(one.group.info(tenant.gid).NETWORK_QUOTA.NETWORK)
    assert int(network.LEASES_USED) == 1


def test_a_machine_that_is_off_counts_but_does_not_run(one: Any, tenant: Tenant) -> None:
    vm_id = tenant.one.template.instantiate(ALPINE, "vm", False, "", False)
    tenant.one.vm.action("poweroff-hard", vm_id)
    used = vm_quota(one, tenant.gid, "VMS_USED", "CPU_USED", "RUNNING_VMS_USED", "RUNNING_CPU_USED")
    assert used == [1, 1, 0, 0]
    one.group.quota(tenant.gid, 'VM=[RUNNING_CPU="0.5"]')
    with pytest.raises(pyone.OneActionException, match=r"limit of 0\.5 reached for RUNNING_CPU quota in VM"):
        tenant.one.vm.action("resume", vm_id)
    assert state(one, vm_id) == POWEROFF


def test_the_owner_moves_along_with_what_is_used(one: Any, tenant: Tenant) -> None:
    vm_id = one.template.instantiate(ALPINE, "vm", False, "", False)
    one.group.quota(tenant.gid, 'VM=[VMS="0"]')
    with pytest.raises(pyone.OneAuthorizationException, match=r"User \[0\] : group .* limit of 0 reached for VMS"):
        one.vm.chown(vm_id, -1, tenant.gid)
    assert one.vm.info(vm_id).GID == 0
    one.group.quota(tenant.gid, 'VM=[VMS="1"]')
    one.vm.chown(vm_id, tenant.user_id, tenant.gid)
    vm = one.vm.info(vm_id)
    assert (vm.UNAME, vm.GNAME) == ("blue_admin", "blue")
    assert vm_quota(one, tenant.gid, "VMS_USED") == [1]


def test_users_have_quotas_of_their_own(one: Any, tenant: Tenant) -> None:
    one.user.quota(tenant.user_id, 'VM=[CPU="1"]')
    tenant.one.template.instantiate(ALPINE, "one", False, "", False)
    with pytest.raises(pyone.OneAuthorizationException, match=rf"user \[{tenant.user_id}\] limit of 1 reached for CPU"):
        tenant.one.template.instantiate(ALPINE, "two", False, "", False)
