"""Virtual networks: creation, leases, holds, reservations, security groups."""

from typing import Any

import pyone
import pytest

from tests.twins.opennebula.conftest import ALPINE, EXTERNAL, Tenant, add_network, leases, listed
from twins.opennebula import OpenNebulaTwinClient

READY, LOCK_CREATE, ERROR = "1", "2", "5"


def vnet_state(one: Any, network_id: int) -> str:
    return str(one.vn.info(network_id).STATE)


def test_a_network_takes_a_moment_to_be_made(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.set_latency({"vnet.create": 60})
    network_id = add_network(one, "net")
    assert vnet_state(one, network_id) == LOCK_CREATE
    inspect.advance(61)
    assert vnet_state(one, network_id) == READY
    network = one.vn.info(network_id)
    assert (str(2 + network_id), f"onebr{network_id}") == (network.VLAN_ID, network.BRIDGE)


def test_a_bad_address_range_shows_only_later(one: Any) -> None:
    network_id = one.vn.allocate('NAME="bad" VN_MAD="bridge" AR=[TYPE="IP4",IP="nonsense",SIZE="5"]', 0)
    assert vnet_state(one, network_id) == ERROR
    assert "Wrong or empty IP attribute" in one.vn.info(network_id).TEMPLATE["ERROR"]


def test_every_network_has_the_security_group_that_allows_all(one: Any, tenant: Tenant) -> None:
    assert one.vn.info(tenant.network_id).TEMPLATE["SECURITY_GROUPS"] == "0"
    strict = one.secgroup.allocate('NAME="ssh" RULE=[PROTOCOL="TCP",RULE_TYPE="INBOUND",RANGE="22"]')
    nic = f'NIC=[NETWORK_ID="{tenant.network_id}",SECURITY_GROUPS="{strict}"]'
    vm_id = one.template.instantiate(ALPINE, "vm", False, nic, False)
    vm = one.vm.info(vm_id)
    assert vm.TEMPLATE["NIC"]["SECURITY_GROUPS"] == f"0,{strict}"
    rules = [(rule["SECURITY_GROUP_ID"], rule["PROTOCOL"]) for rule in vm.TEMPLATE["SECURITY_GROUP_RULE"]]
    assert rules == [("0", "ALL"), ("0", "ALL"), (str(strict), "TCP")]
    with pytest.raises(pyone.OneActionException, match="has VMs using it"):
        one.secgroup.delete(strict)
    one.vm.action("terminate-hard", vm_id)
    one.secgroup.delete(strict)


def test_an_address_on_hold_is_given_to_nobody(one: Any) -> None:
    network_id = add_network(one, "net", size=1)
    one.vn.hold(network_id, 'LEASES=[IP="10.0.0.2"]')
    assert leases(one, network_id) == {"10.0.0.2": "-1"}
    with pytest.raises(pyone.OneInternalException, match="not part of the address range or in use"):
        one.vn.hold(network_id, 'LEASES=[IP="10.0.0.2"]')
    with pytest.raises(pyone.OneException, match="Cannot get IP/MAC lease"):
        one.template.instantiate(ALPINE, "vm", False, f'NIC=[NETWORK_ID="{network_id}"]', False)
    one.vn.release(network_id, 'LEASES=[IP="10.0.0.2"]')
    vm_id = one.template.instantiate(ALPINE, "vm", False, f'NIC=[NETWORK_ID="{network_id}"]', False)
    assert leases(one, network_id) == {"10.0.0.2": str(vm_id)}


def test_leases_hold_a_network_back(one: Any) -> None:
    network_id = add_network(one, "net")
    vm_id = one.template.instantiate(ALPINE, "vm", False, f'NIC=[NETWORK_ID="{network_id}"]', False)
    with pytest.raises(pyone.OneActionException, match="leases in use"):
        one.vn.delete(network_id)
    one.vm.action("terminate-hard", vm_id)
    assert leases(one, network_id) == {}
    one.vn.delete(network_id)
    with pytest.raises(pyone.OneNoExistsException):
        one.vn.info(network_id)


def test_a_reservation_takes_addresses_from_its_network(one: Any, tenant: Tenant) -> None:
    reserved = one.vn.reserve(EXTERNAL, 'NAME="mine" SIZE="2"')
    network = one.vn.info(reserved)
    (address_range,) = listed(network.AR_POOL.AR)
    assert (address_range.IP, int(address_range.SIZE)) == ("203.0.113.10", 2)
    assert str(EXTERNAL) == network.PARENT_NETWORK_ID
    vm_id = one.template.instantiate(ALPINE, "vm", False, f'NIC=[NETWORK_ID="{EXTERNAL}"]', False)
    assert one.vm.info(vm_id).TEMPLATE["NIC"]["IP"] == "203.0.113.12"
    one.vn.delete(reserved)
    (parent,) = listed(one.vn.info(EXTERNAL).AR_POOL.AR)
    assert int(parent.USED_LEASES) == 1


def test_a_range_grows_and_goes(one: Any) -> None:
    network_id = add_network(one, "net", size=1)
    one.vn.update_ar(network_id, 'AR=[AR_ID="0",SIZE="5"]')
    one.vn.add_ar(network_id, 'AR=[TYPE="IP4",IP="10.0.0.100",SIZE="3"]')
    ranges = listed(one.vn.info(network_id).AR_POOL.AR)
    assert [(each.IP, each.IP_END) for each in ranges] == [("10.0.0.2", "10.0.0.6"), ("10.0.0.100", "10.0.0.102")]
    one.vn.rm_ar(network_id, 1)
    assert len(listed(one.vn.info(network_id).AR_POOL.AR)) == 1


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('NAME="n"', "No VN_MAD in template"),
        ('NAME="n" VN_MAD="vxlan" VLAN_ID="7"', "PHYDEV is mandatory for driver vxlan"),
        ('NAME="n" VN_MAD="vxlan" PHYDEV="eth0"', "VLAN_ID .* is mandatory for driver vxlan"),
        ('NAME="external" VN_MAD="bridge"', "NAME is already taken by NET 0"),
        ('VN_MAD="bridge"', "Invalid NAME, it cannot be empty"),
    ],
)
def test_a_bad_network_is_refused(one: Any, template: str, reason: str) -> None:
    with pytest.raises(pyone.OneInternalException, match=reason):
        one.vn.allocate(template, 0)
    assert [network.NAME for network in listed(one.vnpool.info(-2, -1, -1).VNET)] == ["external"]
