"""Virtual routers: their machines, fixed and floating addresses."""

from typing import Any

import pyone
import pytest

from tests.twins.opennebula.conftest import ALPINE, DONE, EXTERNAL, ROUTER, RUNNING, Tenant, leases, listed, state


def machines(one: Any, router_id: int) -> list[int]:
    return [int(each) for each in listed(one.vrouter.info(router_id).VMS.ID)]


@pytest.fixture
def router_id(one: Any, tenant: Tenant) -> int:
    nics = f'NIC=[NETWORK_ID="{EXTERNAL}"] NIC=[NETWORK_ID="{tenant.network_id}",IP="10.0.0.2"]'
    return int(one.vrouter.allocate(f'NAME="blue_router" {nics}'))


def test_instantiating_makes_a_machine_and_returns_the_router(one: Any, tenant: Tenant, router_id: int) -> None:
    assert one.vrouter.instantiate(router_id, 1, ROUTER, "blue-%i", False, "") == router_id
    (vm_id,) = machines(one, router_id)
    vm = one.vm.info(vm_id)
    assert (vm.NAME, state(one, vm_id)) == ("blue-0", RUNNING)
    assert [nic["IP"] for nic in vm.TEMPLATE["NIC"]] == ["203.0.113.10", "10.0.0.2"]
    context = vm.TEMPLATE["CONTEXT"]
    assert (context["ONEAPP_VNF_NAT4_ENABLED"], context["ETH1_IP"]) == ("YES", "10.0.0.2")
    assert context["VROUTER_ID"] == str(router_id)


def test_a_second_machine_cannot_have_the_same_fixed_address(one: Any, tenant: Tenant, router_id: int) -> None:
    one.vrouter.instantiate(router_id, 1, ROUTER, "", False, "")
    with pytest.raises(pyone.OneException, match="Cannot get IP/MAC lease from virtual network"):
        one.vrouter.instantiate(router_id, 1, ROUTER, "", False, "")
    assert len(machines(one, router_id)) == 1
    assert list(leases(one, EXTERNAL)) == ["203.0.113.10"]


def test_a_floating_address_is_the_routers_and_machines_have_their_own(one: Any, tenant: Tenant) -> None:
    nic = f'NIC=[NETWORK_ID="{tenant.network_id}",IP="10.0.0.2",FLOATING_IP="YES"]'
    router_id = one.vrouter.allocate(f'NAME="ha" {nic}')
    one.vrouter.instantiate(router_id, 2, ROUTER, "ha-%i", False, "")
    first, second = machines(one, router_id)
    expected = {"10.0.0.2": f"vrouter {router_id}", "10.0.0.3": str(first), "10.0.0.4": str(second)}
    assert leases(one, tenant.network_id) == expected
    one.vrouter.delete(router_id)
    assert leases(one, tenant.network_id) == {}


def test_only_templates_for_routers_do_and_they_do_nothing_else(one: Any, router_id: int) -> None:
    with pytest.raises(pyone.OneActionException, match="Only virtual router templates are allowed"):
        one.vrouter.instantiate(router_id, 1, ALPINE, "", False, "")
    with pytest.raises(pyone.OneActionException):
        one.template.instantiate(ROUTER, "", False, "", False)
    assert listed(one.vmpool.info(-2, -1, -1, -2).VM) == []


def test_nics_come_and_go_through_the_router_only(one: Any, tenant: Tenant, router_id: int) -> None:
    one.vrouter.instantiate(router_id, 1, ROUTER, "", False, "")
    (vm_id,) = machines(one, router_id)
    with pytest.raises(pyone.OneActionException, match="not supported for virtual router VMs"):
        one.vm.attachnic(vm_id, f'NIC=[NETWORK_ID="{EXTERNAL}"]')
    one.vrouter.attachnic(router_id, f'NIC=[NETWORK_ID="{EXTERNAL}"]')
    assert len(listed(one.vm.info(vm_id).TEMPLATE["NIC"])) == 3
    one.vrouter.detachnic(router_id, 2)
    assert len(listed(one.vm.info(vm_id).TEMPLATE["NIC"])) == 2


def test_deleting_a_router_ends_its_machines(one: Any, tenant: Tenant, router_id: int) -> None:
    one.vrouter.instantiate(router_id, 1, ROUTER, "", False, "")
    (vm_id,) = machines(one, router_id)
    one.vrouter.delete(router_id)
    with pytest.raises(pyone.OneNoExistsException):
        one.vrouter.info(router_id)
    assert state(one, vm_id) == DONE
    assert leases(one, tenant.network_id) == {}
    one.vn.delete(tenant.network_id)
