"""Public addresses: taken, put on a port, taken off, released."""

import ipaddress

import pytest

from tests.contract.stage import Room, unique
from waldur_core.operations.errors import Invalid, NotFound
from waldur_openstack.cloud.gateway import JSON


@pytest.fixture
def port(room: Room) -> JSON:
    """A port whose subnet is connected to the outside."""
    network = room.network()
    subnet, router = room.subnet(network), room.router()
    room.connect(router, subnet)
    room.set_gateway(router)
    return room.make("port", network_id=network["id"])


def floating_ip(room: Room, **attributes: object) -> JSON:
    wanted = {"floating_network_id": room.site.external_network_id, "project_id": room.project_id, **attributes}
    return room.make("floatingip", **wanted)


def test_a_new_address_is_external_free_and_down(room: Room) -> None:
    address = floating_ip(room, description="mark")
    assert ipaddress.ip_address(address["floating_ip_address"])
    assert address["floating_network_id"] == room.site.external_network_id
    assert (address["status"], address["port_id"], address["fixed_ip_address"]) == ("DOWN", None, None)
    assert (address["project_id"], address["description"]) == (room.project_id, "mark")


def test_an_address_is_found_by_description_and_listed_by_project(room: Room) -> None:
    mark = f"waldur:{unique()}"
    address = floating_ip(room, description=mark)
    found = room.cloud.network.first("floatingip", description=mark)
    assert found and found["id"] == address["id"]
    assert address["id"] in {item["id"] for item in room.admin.network.list("floatingip", project_id=room.project_id)}
    assert room.cloud.network.first("floatingip", description=mark[:-1]) is None


def test_an_address_on_a_port_is_active_and_off_it_down(room: Room, port: JSON) -> None:
    address = floating_ip(room)
    on = room.cloud.network.update("floatingip", address["id"], port_id=port["id"])
    assert on["port_id"] == port["id"]
    assert on["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]
    shown = room.cloud.network.show("floatingip", address["id"])
    assert shown and shown["status"] == "ACTIVE"
    off = room.cloud.network.update("floatingip", address["id"], port_id=None)
    assert (off["port_id"], off["fixed_ip_address"]) == (None, None)
    shown = room.cloud.network.show("floatingip", address["id"])
    assert shown and shown["status"] == "DOWN"


def test_an_address_may_be_put_on_its_port_again(room: Room, port: JSON) -> None:
    address = floating_ip(room)
    for _ in range(2):
        assert room.cloud.network.update("floatingip", address["id"], port_id=port["id"])["port_id"] == port["id"]


def test_a_deleted_port_frees_its_address(room: Room, port: JSON) -> None:
    address = floating_ip(room)
    room.cloud.network.update("floatingip", address["id"], port_id=port["id"])
    room.cloud.network.remove("port", port["id"])
    shown = room.cloud.network.show("floatingip", address["id"])
    assert shown and (shown["port_id"], shown["status"]) == (None, "DOWN")


def test_a_port_without_a_way_out_gets_no_address(room: Room) -> None:
    address = floating_ip(room)
    with pytest.raises(NotFound, match=r"(?i)not reachable"):
        room.cloud.network.update("floatingip", address["id"], port_id=room.port()["id"])


def test_an_address_comes_from_an_external_network_only(room: Room) -> None:
    with pytest.raises(Invalid, match=r"(?i)external"):
        floating_ip(room, floating_network_id=room.network()["id"])


def test_a_released_address_is_gone(room: Room, port: JSON) -> None:
    address = floating_ip(room, port_id=port["id"])
    room.cloud.network.remove("floatingip", address["id"])
    room.cloud.network.remove("floatingip", address["id"])
    assert room.cloud.network.show("floatingip", address["id"]) is None
