"""What a provider does for a tenant from the first call to the last, with the time that things really take."""

import time
from typing import Any

from tests.twins.opennebula.conftest import (
    ALPINE,
    DONE,
    EXTERNAL,
    POWEROFF,
    ROUTER,
    RUNNING,
    add_network,
    listed,
    state,
)
from twins.opennebula import OpenNebulaTwinClient

FAST = {"*": 0.01, "vm.schedule": 0.1}


def wait_for(one: Any, vm_id: int, wanted: tuple[int, int]) -> None:
    deadline = time.monotonic() + 10
    while state(one, vm_id) != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_data_center_with_a_network_a_router_and_a_machine(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.set_latency(FAST)
    before = inspect.objects()
    gid = one.group.allocate("acme")
    vdc_id = one.vdc.allocate({"NAME": "acme"})
    one.vdc.addgroup(vdc_id, gid)
    one.vdc.addcluster(vdc_id, 0, 0)
    limits = f'VM=[CPU="4",MEMORY="4096"] DATASTORE=[ID="1",SIZE="20480"] NETWORK=[ID="{EXTERNAL}",LEASES="2"]'
    one.group.quota(gid, limits)

    network_id = add_network(one, "acme_internal", "10.0.0.1", 254)
    one.vdc.addvnet(vdc_id, 0, network_id)
    nics = f'NIC=[NETWORK_ID="{network_id}",IP="10.0.0.1"] NIC=[NETWORK_ID="{EXTERNAL}"]'
    while int(one.vn.info(network_id).STATE) != 1:
        time.sleep(0.01)
    router_id = one.vrouter.allocate(f'NAME="acme_router" {nics}')
    one.vrouter.chown(router_id, -1, gid)
    one.vrouter.instantiate(router_id, 1, ROUTER, "acme-router-%i", False, "")
    (router_vm,) = listed(one.vrouter.info(router_id).VMS.ID)
    group_id = one.secgroup.allocate('NAME="acme_default" RULE=[PROTOCOL="TCP",RULE_TYPE="INBOUND",RANGE="22"]')
    one.secgroup.chown(group_id, -1, gid)
    user_id = one.user.allocate("acme_admin", "secret", "core", [gid])

    extra = f'CPU="1" MEMORY="1024" DISK=[IMAGE_ID="0",SIZE="2048"] NIC=[NETWORK_ID="{network_id}"]'
    vm_id = one.template.instantiate(ALPINE, "web", False, extra, False)
    one.vm.chown(vm_id, user_id, gid)
    wait_for(one, vm_id, RUNNING)
    wait_for(one, router_vm, RUNNING)
    one.vm.action("poweroff-hard", vm_id)
    wait_for(one, vm_id, POWEROFF)
    one.vm.resize(vm_id, 'CPU="2" VCPU="2" MEMORY="2048"', False)
    one.vm.diskresize(vm_id, 0, "4096")
    wait_for(one, vm_id, POWEROFF)
    one.vm.action("resume", vm_id)
    wait_for(one, vm_id, RUNNING)
    (used,) = listed(one.group.info(gid).VM_QUOTA.VM)
    # The router's machine belongs to the router's owner, and to the group that the router is in.
    assert (float(used.CPU_USED), float(used.MEMORY_USED), float(used.VMS_USED)) == (3, 2560, 2)

    one.vm.action("terminate-hard", vm_id)
    one.vrouter.delete(router_id)
    for each in (vm_id, router_vm):
        wait_for(one, each, DONE)
    one.user.delete(user_id)
    one.vn.delete(network_id)
    one.secgroup.delete(group_id)
    one.vdc.delete(vdc_id)
    one.group.delete(gid)
    while int(network_id) in [network.ID for network in listed(one.vnpool.info(-2, -1, -1).VNET)]:
        time.sleep(0.01)
    assert inspect.leftovers(before) == {}
