"""Networks, subnets, ports, routers, their interfaces and gateways."""

import ipaddress

import pytest

from tests.contract.stage import Room, unique
from waldur_core.operations.errors import CloudConflict, Invalid, NotFound


def test_a_network_answers_what_we_keep_of_it(room: Room) -> None:
    network = room.network(description="text [waldur:1]")
    assert network["description"] == "text [waldur:1]"
    assert network["project_id"] == room.project_id
    assert network["router:external"] is False
    assert network["port_security_enabled"] is True
    assert network["status"] == "ACTIVE"
    assert network["mtu"] == 1450
    assert network["provider:network_type"] == "vxlan"
    assert isinstance(network["provider:segmentation_id"], int)
    shown = room.cloud.network.show("network", network["id"])
    assert shown and shown.items() <= network.items()


def test_the_mtu_may_be_chosen(room: Room) -> None:
    assert room.network(mtu=1400)["mtu"] == 1400
    with pytest.raises(Invalid, match=r"(?i)mtu"):
        room.network(mtu=9000)


@pytest.mark.parametrize("kind", ("network", "router", "security_group"))
@pytest.mark.parametrize("field", ("name", "description"))
def test_names_and_descriptions_have_a_length(room: Room, kind: str, field: str) -> None:
    assert len(room.make(kind, **{"name": unique(), field: "x" * 255})[field]) == 255
    with pytest.raises(Invalid, match=f"{field}.*255"):
        room.make(kind, **{"name": unique(), field: "x" * 256})


@pytest.mark.parametrize("kind", ("network", "subnet", "router", "port"))
def test_an_object_is_found_by_its_whole_description_only(room: Room, kind: str) -> None:
    mark = f"waldur:{unique()}"
    network = room.network()
    attributes = {
        "network": {},
        "subnet": {"network_id": network["id"], "cidr": "10.1.0.0/24", "ip_version": 4},
        "router": {},
        "port": {"network_id": network["id"]},
    }[kind]
    made = room.make(kind, description=mark, **attributes)
    found = room.cloud.network.first(kind, description=mark)
    assert found and found["id"] == made["id"]
    assert room.cloud.network.first(kind, description=mark[:-1]) is None
    assert room.admin.network.list(kind, description=mark, project_id="0" * 32) == []
    room.cloud.network.remove(kind, made["id"])
    room.cloud.network.remove(kind, made["id"])
    assert room.cloud.network.first(kind, description=mark) is None
    assert room.cloud.network.show(kind, made["id"]) is None


def test_the_administrator_narrows_lists_to_a_project(room: Room) -> None:
    network = room.network()
    room.port()
    for kind in ("network", "subnet", "port", "security_group"):
        found = room.admin.network.list(kind, project_id=room.project_id)
        assert {item["project_id"] for item in found} == {room.project_id}
    assert network["id"] in {item["id"] for item in room.admin.network.list("network", project_id=room.project_id)}


def test_a_subnet_gets_a_gateway_and_a_pool(room: Room) -> None:
    network = room.network()
    subnet = room.subnet(network, enable_dhcp=True, dns_nameservers=["1.1.1.1"], description="mark")
    assert subnet["gateway_ip"] == "192.168.42.1"
    assert subnet["allocation_pools"] == [{"start": "192.168.42.2", "end": "192.168.42.254"}]
    assert subnet["dns_nameservers"] == ["1.1.1.1"]
    assert (subnet["ip_version"], subnet["enable_dhcp"], subnet["description"]) == (4, True, "mark")
    shown = room.cloud.network.show("network", network["id"])
    assert shown and shown["subnets"] == [subnet["id"]]


def test_a_subnet_keeps_the_pools_it_was_given(room: Room) -> None:
    pools = [{"start": "192.168.42.10", "end": "192.168.42.200"}]
    assert room.subnet(allocation_pools=pools)["allocation_pools"] == pools


def test_an_impossible_subnet_is_refused_with_the_reason(room: Room) -> None:
    network = room.network()
    with pytest.raises(Invalid, match="300"):
        room.subnet(network, cidr="192.168.300.0/24")
    room.subnet(network)
    with pytest.raises(Invalid, match=r"(?i)overlap"):
        room.subnet(network)


def test_a_port_gets_an_address_a_mac_and_the_default_security_group(room: Room) -> None:
    port = room.port()
    (fixed,) = port["fixed_ips"]
    assert ipaddress.ip_address(fixed["ip_address"]) in ipaddress.ip_network("192.168.42.0/24")
    assert port["mac_address"].count(":") == 5
    assert (port["status"], port["device_id"], port["device_owner"]) == ("DOWN", "", "")
    default = room.cloud.network.first("security_group", project_id=room.project_id, name="default")
    assert default and port["security_groups"] == [default["id"]]


def test_a_port_takes_the_address_and_the_groups_it_is_given(room: Room) -> None:
    network = room.network()
    subnet = room.subnet(network)
    group = room.make("security_group", name=unique("group"))
    fixed = [{"subnet_id": subnet["id"], "ip_address": "192.168.42.77"}]
    common = {"network_id": network["id"], "project_id": room.project_id}
    port = room.make("port", **common, fixed_ips=fixed, security_groups=[group["id"]])
    assert port["fixed_ips"] == fixed
    assert port["security_groups"] == [group["id"]]
    with pytest.raises(CloudConflict, match=r"192\.168\.42\.77"):
        room.make("port", **common, fixed_ips=fixed)
    with pytest.raises(CloudConflict, match=r"(?i)security group"):
        room.cloud.network.remove("security_group", group["id"])


def test_a_port_without_port_security_has_no_groups(room: Room) -> None:
    network = room.network()
    port = room.make("port", network_id=network["id"], port_security_enabled=False)
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])


def test_an_interface_is_found_by_its_router_and_subnet(room: Room) -> None:
    router, subnet = room.router(), room.subnet()
    filters = {"device_id": router["id"], "fixed_ips": f"subnet_id={subnet['id']}"}
    assert room.cloud.network.first("port", **filters) is None
    port = room.connect(router, subnet)
    assert port["device_owner"] == "network:router_interface"
    assert port["device_id"] == router["id"]
    assert [address["ip_address"] for address in port["fixed_ips"]] == [subnet["gateway_ip"]]
    assert room.cloud.network.list("port", **filters | {"fixed_ips": f"subnet_id={unique()}"}) == []
    room.cloud.network.remove_router_interface(router["id"], port["id"])
    assert room.cloud.network.first("port", **filters) is None
    with pytest.raises(NotFound):
        room.cloud.network.remove_router_interface(router["id"], port["id"])


def test_connecting_the_same_subnet_twice_is_refused(room: Room) -> None:
    router, subnet = room.router(), room.subnet()
    room.connect(router, subnet)
    with pytest.raises(Invalid, match=r"(?i)router already has a port on subnet"):
        room.cloud.network.add_router_interface(router["id"], subnet["id"])


def test_what_is_in_use_is_not_deleted(room: Room) -> None:
    router, network = room.router(), room.network()
    subnet = room.subnet(network)
    port = room.connect(router, subnet)
    for kind, item in (("router", router), ("network", network), ("subnet", subnet), ("port", port)):
        with pytest.raises(CloudConflict, match=item["id"]):
            room.cloud.network.remove(kind, item["id"])


def test_a_network_goes_with_its_subnets(room: Room) -> None:
    network = room.network()
    subnet = room.subnet(network)
    room.cloud.network.remove("network", network["id"])
    assert room.cloud.network.show("subnet", subnet["id"]) is None


def test_a_gateway_gets_an_external_address_and_is_taken_away_again(room: Room) -> None:
    router = room.router()
    assert router["external_gateway_info"] is None
    info = room.set_gateway(router)["external_gateway_info"]
    assert info["network_id"] == room.site.external_network_id
    assert info["enable_snat"] is True
    (address,) = info["external_fixed_ips"]
    assert ipaddress.ip_address(address["ip_address"])
    (gateway,) = room.admin.network.list("port", device_id=router["id"])
    assert gateway["device_owner"] == "network:router_gateway"
    assert gateway["project_id"] == ""
    again = room.set_gateway(router)["external_gateway_info"]
    assert again == info
    bare = room.cloud.network.update("router", router["id"], external_gateway_info=None)
    assert bare["external_gateway_info"] is None
    assert room.admin.network.list("port", device_id=router["id"]) == []


def test_a_router_goes_with_its_gateway(room: Room) -> None:
    router = room.router()
    room.set_gateway(router)
    room.cloud.network.remove("router", router["id"])
    assert room.admin.network.list("port", device_id=router["id"]) == []


def test_routes_are_set_and_cleared(room: Room) -> None:
    router, subnet = room.router(), room.subnet()
    assert router["routes"] == []
    room.connect(router, subnet)
    routes = [{"destination": "10.99.0.0/24", "nexthop": "192.168.42.9"}]
    assert room.cloud.network.update("router", router["id"], routes=routes)["routes"] == routes
    assert room.cloud.network.update("router", router["id"], routes=[])["routes"] == []


def test_the_external_network_is_known_as_such_to_everybody(room: Room) -> None:
    for cloud in (room.admin, room.cloud, room.site.member):
        network = cloud.network.show("network", room.site.external_network_id)
        assert network and network["router:external"] is True
        assert network["name"] == "external"


def test_external_networks_are_open_by_policy(room: Room) -> None:
    targets = {
        policy["target_tenant"]
        for policy in room.admin.network.external_policies()
        if policy["object_id"] == room.site.external_network_id
    }
    assert targets == {"*"}
    ids = [room.site.external_network_id, room.network()["id"]]
    (subnet,) = room.admin.network.list("subnet", network_id=ids)
    assert {"cidr", "gateway_ip", "enable_dhcp", "allocation_pools", "dns_nameservers"} <= subnet.keys()


def test_the_mtu_changes_within_what_the_cloud_can(room: Room) -> None:
    network = room.network()
    assert room.cloud.network.update("network", network["id"], mtu=1300)["mtu"] == 1300
    with pytest.raises(Invalid, match=r"(?i)mtu"):
        room.cloud.network.update("network", network["id"], mtu=9000)


def test_a_port_of_ones_own_becomes_an_interface_and_goes_with_it(room: Room) -> None:
    router, network = room.router(), room.network()
    room.subnet(network)
    port = room.make("port", network_id=network["id"])
    answer = room.cloud.network.add_router_interface(router["id"], port_id=port["id"])
    assert answer["port_id"] == port["id"]
    shown = room.cloud.network.show("port", port["id"])
    assert shown and (shown["device_id"], shown["device_owner"]) == (router["id"], "network:router_interface")
    room.cloud.network.remove_router_interface(router["id"], port["id"])
    assert room.cloud.network.show("port", port["id"]) is None


def test_the_gateway_of_a_connected_subnet_stays(room: Room) -> None:
    router, subnet = room.router(), room.subnet()
    room.connect(router, subnet)
    with pytest.raises(CloudConflict, match=r"(?i)gateway"):
        room.cloud.network.update("subnet", subnet["id"], gateway_ip="192.168.42.254")
    assert room.cloud.network.update("subnet", subnet["id"], dns_nameservers=["10.0.0.2"])["gateway_ip"]


def test_the_service_account_decides_about_translation(room: Room) -> None:
    router = room.router()
    room.set_gateway(router)
    gateway = {"network_id": room.site.external_network_id, "enable_snat": False}
    info = room.cloud.network.update("router", router["id"], external_gateway_info=gateway)["external_gateway_info"]
    assert info["enable_snat"] is False
    assert len(info["external_fixed_ips"]) == 1
