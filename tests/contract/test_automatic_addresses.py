"""IPv6 addresses that follow from MAC addresses, and the interfaces of routers on such networks."""

import pytest

from tests.contract.stage import Room
from waldur_core.operations.errors import Invalid
from waldur_openstack.cloud.gateway import JSON

MAC = "fa:16:3e:12:34:56"
FOLLOWS = "fd00:6::f816:3eff:fe12:3456"  # from that MAC address, by EUI-64


def six(room: Room, network: JSON, block: str = "fd00:6::/64", mode: str = "slaac") -> JSON:
    return room.subnet(network, cidr=block, ip_version=6, ipv6_ra_mode=mode, ipv6_address_mode=mode)


def addresses(port: JSON | None) -> list[str]:
    assert port
    return sorted(fixed["ip_address"] for fixed in port["fixed_ips"])


@pytest.mark.parametrize("mode", ("slaac", "dhcpv6-stateless"))
def test_every_port_of_the_network_has_the_address_of_its_mac(room: Room, mode: str) -> None:
    network = room.network()
    four, automatic = room.subnet(network), six(room, network, mode=mode)
    common = {"network_id": network["id"], "mac_address": MAC}
    for number, asked in enumerate(([{"subnet_id": four["id"]}], [{"subnet_id": automatic["id"]}], [], None)):
        body = common if asked is None else {**common, "fixed_ips": asked}
        port = room.cloud.network.create("port", **body)
        room.cloud.network.remove("port", port["id"])
        assert FOLLOWS in addresses(port), number
        assert len(port["fixed_ips"]) == (2 if number in (0, 3) else 1), number


def test_no_other_address_of_such_a_subnet_can_be_chosen(room: Room) -> None:
    network = room.network()
    subnet = six(room, network)
    fixed = [{"subnet_id": subnet["id"], "ip_address": "fd00:6::77"}]
    with pytest.raises(Invalid, match=r"fd00:6::77 .*automatic addresses"):
        room.make("port", network_id=network["id"], fixed_ips=fixed)


def test_ports_that_are_there_get_an_address_of_a_new_subnet_and_lose_it_with_the_subnet(room: Room) -> None:
    network = room.network()
    room.subnet(network)
    port = room.make("port", network_id=network["id"], mac_address=MAC)
    subnet = six(room, network)
    assert FOLLOWS in addresses(room.cloud.network.show("port", port["id"]))
    room.cloud.network.remove("subnet", subnet["id"])
    assert addresses(room.cloud.network.show("port", port["id"])) == addresses(port)


def test_an_interface_has_the_gateways_address_only(room: Room) -> None:
    network, router = room.network(), room.router()
    four, automatic = room.subnet(network), six(room, network)
    assert addresses(room.connect(router, four)) == ["192.168.42.1"]
    assert addresses(room.connect(router, automatic)) == ["fd00:6::"]


def test_the_ipv6_subnets_of_a_network_share_an_interface(room: Room) -> None:
    network, router = room.network(), room.router()
    one, other = six(room, network), six(room, network, "fd00:7::/64", "dhcpv6-stateful")
    port = room.connect(router, one)
    assert room.connect(router, other)["id"] == port["id"]
    assert addresses(room.cloud.network.show("port", port["id"])) == ["fd00:6::", "fd00:7::"]
    second = room.make("port", network_id=network["id"], fixed_ips=[])
    with pytest.raises(Invalid, match=r"(?i)router already"):
        room.cloud.network.add_router_interface(router["id"], port_id=second["id"])


def test_a_port_brings_its_automatic_address_to_the_router(room: Room) -> None:
    network, router = room.network(), room.router()
    four = room.subnet(network)
    six(room, network)
    fixed = [{"subnet_id": four["id"], "ip_address": "192.168.42.9"}]
    port = room.make("port", network_id=network["id"], mac_address=MAC, fixed_ips=fixed)
    room.cloud.network.add_router_interface(router["id"], port_id=port["id"])
    room.later.callback(room._disconnect, router, port)
    assert addresses(room.cloud.network.show("port", port["id"])) == ["192.168.42.9", FOLLOWS]


def test_a_port_that_is_to_be_an_interface_has_exactly_the_addresses_it_is_given(room: Room) -> None:
    network, router = room.network(), room.router()
    four, automatic = room.subnet(network), six(room, network)
    fixed = [
        {"subnet_id": four["id"], "ip_address": "192.168.42.9"},
        {"subnet_id": automatic["id"], "ip_address": "fd00:6::77"},
    ]
    for asked in (fixed[:1], fixed):
        body = {"network_id": network["id"], "device_owner": "network:router_interface", "fixed_ips": asked}
        port = room.cloud.network.create("port", **body)
        try:
            assert port["fixed_ips"] == asked
            room.cloud.network.add_router_interface(router["id"], port_id=port["id"])
            assert (room.cloud.network.show("port", port["id"]) or {})["fixed_ips"] == asked
            room.cloud.network.remove_router_interface(router["id"], port["id"])
        finally:
            room.cloud.network.remove("port", port["id"])


@pytest.mark.parametrize(
    ("wanted", "told"),
    (
        ({"ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"}, "must be the same value"),
        ({"ipv6_ra_mode": "slaac", "enable_dhcp": False}, "enable_dhcp"),
        ({"ipv6_address_mode": "slaac", "cidr": "fd00:6::/60"}, "/64"),
        ({"ipv6_ra_mode": "slaac", "ip_version": 4, "cidr": "10.1.0.0/24"}, "ip_version is 4"),
    ),
)
def test_modes_that_do_not_go_together_are_refused(room: Room, wanted: JSON, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        room.subnet(**{"cidr": "fd00:6::/64", "ip_version": 6, **wanted})


def test_the_gateway_of_an_ipv6_subnet_is_its_first_address(room: Room) -> None:
    subnet = six(room, room.network())
    assert subnet["gateway_ip"] == "fd00:6::"
    assert subnet["allocation_pools"] == [{"start": "fd00:6::1", "end": "fd00:6::ffff:ffff:ffff:ffff"}]
