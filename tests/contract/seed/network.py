"""Neutron."""

from typing import Any

from tests.contract.seed.house import Call, House
from tests.contract.stage import unique
from waldur_openstack.models import (
    FloatingIP,
    Network,
    NetworkRBACPolicy,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    SubNet,
)

RULE = {"protocol": "tcp", "from_port": 8080, "to_port": 8080, "cidr": "10.0.0.0/8"}


def shown(house: House, kind: str, obj: Any) -> Any:
    return house.cloud.network.show(kind, obj.backend_id)


def create_network(house: House, call: Call) -> None:
    name = unique("network")
    network = Network.objects.get(uuid=call({"tenant": house.link(house.tenant), "name": name})["uuid"])
    found = shown(house, "network", network)
    assert (found["name"], found["project_id"]) == (name, house.tenant.backend_id)


def delete_network(house: House, call: Call) -> None:
    network = house.network()
    call(uuid=network.uuid.hex)
    assert shown(house, "network", network) is None


def update_network(house: House, call: Call) -> None:
    network, name = house.network(), unique("renamed")
    call({"name": name}, uuid=network.uuid.hex)
    assert shown(house, "network", network)["name"] == name


def new_subnet(house: House, third_octet: int, **attributes: Any) -> SubNet:
    body = {"network": house.link(house.network()), "name": unique("subnet"), "cidr": f"10.77.{third_octet}.0/24"}
    made = house.make("subnets", {**body, "skip_router_connection": True, **attributes})
    return SubNet.objects.get(uuid=made["uuid"])


def create_subnet(house: House, call: Call) -> None:
    body = {"network": house.link(house.network()), "name": unique("subnet"), "cidr": "10.77.1.0/24"}
    subnet = SubNet.objects.get(uuid=call(body)["uuid"])
    assert shown(house, "subnet", subnet)["cidr"] == "10.77.1.0/24"
    assert house.cloud.network.list("port", fixed_ips=f"subnet_id={subnet.backend_id}"), "a router has it"
    house.owner.delete(house.link(subnet))
    house.settle()


def delete_subnet(house: House, call: Call) -> None:
    subnet = new_subnet(house, 2)
    call(uuid=subnet.uuid.hex)
    assert shown(house, "subnet", subnet) is None


def update_subnet(house: House, call: Call) -> None:
    subnet = new_subnet(house, 3)
    call({"dns_nameservers": ["10.77.3.53"]}, uuid=subnet.uuid.hex)
    assert shown(house, "subnet", subnet)["dns_nameservers"] == ["10.77.3.53"]


def new_router(house: House) -> Router:
    made = house.make("routers", {"tenant": house.link(house.tenant), "name": unique("router")})
    return Router.objects.get(uuid=made["uuid"])


def create_router(house: House, call: Call) -> None:
    name = unique("router")
    router = Router.objects.get(uuid=call({"tenant": house.link(house.tenant), "name": name})["uuid"])
    assert shown(house, "router", router)["name"] == name


def delete_router(house: House, call: Call) -> None:
    router = new_router(house)
    call(uuid=router.uuid.hex)
    assert shown(house, "router", router) is None


def interfaces(house: House, router: Router) -> set[str]:
    ports = house.cloud.network.list("port", device_id=router.backend_id)
    return {fixed["subnet_id"] for port in ports for fixed in port["fixed_ips"]}


def add_interface(house: House, call: Call) -> None:
    router, subnet = new_router(house), new_subnet(house, 4)
    call({"subnet": house.link(subnet)}, uuid=router.uuid.hex)
    assert interfaces(house, router) == {subnet.backend_id}


def remove_interface(house: House, call: Call) -> None:
    router, subnet = new_router(house), new_subnet(house, 5)
    house.act(router, "add_interface", {"subnet": house.link(subnet)})
    call({"subnet": house.link(subnet)}, uuid=router.uuid.hex)
    assert interfaces(house, router) == set()


def set_gateway(house: House, call: Call) -> None:
    router, external = new_router(house), house.site.external_network_id
    call({"external_network_id": external}, uuid=router.uuid.hex)
    assert shown(house, "router", router)["external_gateway_info"]["network_id"] == external


def new_port(house: House) -> Port:
    network = house.link(house.subnet.network)
    return Port.objects.get(uuid=house.make("ports", {"network": network, "name": unique("port")})["uuid"])


def create_port(house: House, call: Call) -> None:
    body = {"network": house.link(house.subnet.network), "name": unique("port")}
    port = Port.objects.get(uuid=call(body)["uuid"])
    assert shown(house, "port", port)["fixed_ips"] == port.fixed_ips != []
    house.owner.delete(house.link(port))
    house.settle()


def delete_port(house: House, call: Call) -> None:
    port = new_port(house)
    call(uuid=port.uuid.hex)
    assert shown(house, "port", port) is None


def update_port(house: House, call: Call) -> None:
    port, name = new_port(house), unique("renamed")
    call({"name": name}, uuid=port.uuid.hex)
    assert shown(house, "port", port)["name"] == name
    house.owner.delete(house.link(port))
    house.settle()


def allocate_floating_ip(house: House, call: Call) -> None:
    address = FloatingIP.objects.get(uuid=call({"tenant": house.link(house.tenant)})["uuid"])
    assert shown(house, "floatingip", address)["floating_ip_address"] == address.address
    house.owner.delete(house.link(address))
    house.settle()


def release_floating_ip(house: House, call: Call) -> None:
    address = house.floating_ip()
    call(uuid=address.uuid.hex)
    assert shown(house, "floatingip", address) is None


def associate_floating_ip(house: House, call: Call) -> None:
    address, port = house.floating_ip(), house.port
    call({"port": house.link(port)}, uuid=address.uuid.hex)
    assert shown(house, "floatingip", address)["port_id"] == port.backend_id
    house.owner.delete(house.link(address))
    house.settle()


def disassociate_floating_ip(house: House, call: Call) -> None:
    address = house.floating_ip()
    house.act(address, "assign", {"port": house.link(house.port)})
    call(uuid=address.uuid.hex)
    assert shown(house, "floatingip", address)["port_id"] is None
    house.owner.delete(house.link(address))
    house.settle()


def new_group(house: House) -> SecurityGroup:
    made = house.make("sgp", {"tenant": house.link(house.tenant), "name": unique("group"), "rules": [RULE]})
    return SecurityGroup.objects.get(uuid=made["uuid"])


def ports_open(house: House, group: SecurityGroup) -> set[int]:
    return {rule["port_range_min"] for rule in shown(house, "security_group", group)["security_group_rules"]}


def create_security_group(house: House, call: Call) -> None:
    """With its rule and nothing else: a new group denies everything."""
    made = call({"tenant": house.link(house.tenant), "name": unique("group"), "rules": [RULE]})
    assert ports_open(house, SecurityGroup.objects.get(uuid=made["uuid"])) == {8080}


def delete_security_group(house: House, call: Call) -> None:
    group = new_group(house)
    call(uuid=group.uuid.hex)
    assert shown(house, "security_group", group) is None


def add_rule(house: House, call: Call) -> None:
    group = new_group(house)
    call({**RULE, "from_port": 9090, "to_port": 9090}, uuid=group.uuid.hex)
    assert ports_open(house, group) == {8080, 9090}


def remove_rule(house: House, call: Call) -> None:
    group = new_group(house)
    rule = SecurityGroupRule.objects.get(security_group=group)
    call(uuid=group.uuid.hex, rule_id=str(rule.pk))
    assert ports_open(house, group) == set()


def create_rbac_policy(house: House, call: Call) -> None:
    network, other = house.network(), house.new_tenant()
    made = call({"network": house.link(network), "target_tenant": house.link(other)})
    policy = NetworkRBACPolicy.objects.get(uuid=made["uuid"])
    theirs = house.site.admin.in_project(other.backend_id).network.list("network")
    assert network.backend_id in {found["id"] for found in theirs}
    house.owner.delete(f"/api/openstack-network-rbac-policies/{policy.uuid.hex}/")
    house.settle()


def list_rbac_policies(house: House, call: Call) -> None:
    network, other = house.network(), house.new_tenant()
    body = {"network": house.link(network), "target_tenant": house.link(other)}
    made = house.owner.post("/api/openstack-network-rbac-policies/", body).json()
    house.settle()
    assert made["uuid"] in {policy["uuid"] for policy in call({"network_uuid": network.uuid.hex})}
    house.owner.delete(f"/api/openstack-network-rbac-policies/{made['uuid']}/")
    house.settle()


DONE_BY = {
    "Create Network": create_network,
    "Delete Network": delete_network,
    "Update Network": update_network,
    "Create Subnet": create_subnet,
    "Delete Subnet": delete_subnet,
    "Update Subnet": update_subnet,
    "Create Router": create_router,
    "Delete Router": delete_router,
    "Add Interface": add_interface,
    "Remove Interface": remove_interface,
    "Set Gateway": set_gateway,
    "Create Port": create_port,
    "Delete Port": delete_port,
    "Update Port": update_port,
    "Allocate Floating IP": allocate_floating_ip,
    "Release Floating IP": release_floating_ip,
    "Associate Floating IP": associate_floating_ip,
    "Disassociate Floating IP": disassociate_floating_ip,
    "Create Security Group": create_security_group,
    "Delete Security Group": delete_security_group,
    "Add Rule": add_rule,
    "Remove Rule": remove_rule,
    "Create RBAC Policy": create_rbac_policy,
    "List RBAC Policies": list_rbac_policies,
}
