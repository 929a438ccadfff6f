"""Things to migrate: put into the source cloud by hand, as its users do."""

from typing import Any

from tests.replication.clouds import TwoClouds
from waldur_openstack.cloud.gateway import JSON


class Site:
    """Makes objects in the source tenant."""

    def __init__(self, clouds: TwoClouds) -> None:
        self.clouds, self.network = clouds, clouds.source_cloud.network

    def make(self, kind: str, **attributes: Any) -> JSON:
        return self.network.create(kind, **attributes)

    def subnet(self, network: JSON, cidr: str, **attributes: Any) -> JSON:
        version = 6 if ":" in cidr else 4
        return self.make(
            "subnet", **{"name": cidr, "network_id": network["id"], "cidr": cidr, "ip_version": version, **attributes}
        )

    def connect(self, router: JSON, subnet: JSON) -> None:
        self.network.add_router_interface(router["id"], subnet["id"])

    def group(self, name: str, *rules: JSON, **attributes: Any) -> JSON:
        group = self.make("security_group", name=name, **attributes)
        for rule in rules:
            self.make("security_group_rule", security_group_id=group["id"], **rule)
        return group


def rule(**values: Any) -> JSON:
    return {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 443,
            "port_range_max": 443, **values}  # fmt: skip


def build_dual_stack(site: Site, router: JSON) -> None:
    """A network of two IPv6 subnets, which share one interface, and an IPv4 one that has none."""
    network = site.make("network", name="six")
    site.subnet(network, "10.0.12.0/24")
    for cidr, mode in (("fd00:6::/64", "slaac"), ("fd00:7::/64", "dhcpv6-stateful")):
        site.connect(router, site.subnet(network, cidr, ipv6_ra_mode=mode, ipv6_address_mode=mode))


def build_office(clouds: TwoClouds) -> Site:
    """Two connected networks, one apart, IPv4 and IPv6, groups that name each other in a circle, routes."""
    site = Site(clouds)
    front = site.make("network", name="front", description="of the web", mtu=1400)
    back = site.make("network", name="back", port_security_enabled=False)
    web = site.subnet(
        front, "10.0.1.0/24", gateway_ip="10.0.1.254", dns_nameservers=["10.0.1.53", "9.9.9.9"],
        allocation_pools=[{"start": "10.0.1.20", "end": "10.0.1.90"}],
        host_routes=[{"destination": "10.8.0.0/16", "nexthop": "10.0.1.7"}],
    )  # fmt: skip
    six = site.subnet(front, "fd00:1::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    data = site.subnet(back, "10.0.2.0/23", enable_dhcp=False, description="no DHCP here")
    site.subnet(back, "10.0.8.0/28", gateway_ip=None)
    router = site.make("router", name="border", description="between both")
    for subnet in (web, six, data):
        site.connect(router, subnet)
    routes = [
        {"destination": "10.0.8.0/28", "nexthop": "10.0.2.9"},
        {"destination": "172.30.0.0/16", "nexthop": "10.0.1.7"},
    ]
    site.network.update("router", router["id"], routes=routes)
    inner = site.make("router", name="inner")
    port = site.make("port", network_id=front["id"], fixed_ips=[{"subnet_id": web["id"], "ip_address": "10.0.1.15"}])
    site.network.add_router_interface(inner["id"], port_id=port["id"])
    build_dual_stack(site, inner)
    a = site.group("a", rule(remote_ip_prefix="10.0.1.0/24"), rule(remote_ip_prefix="10.0.1.7/32", protocol="udp"))
    b = site.group("b", rule(remote_group_id=a["id"]), description="behind a")
    site.make("security_group_rule", security_group_id=a["id"], **rule(remote_group_id=b["id"]))
    anything = rule(remote_group_id=a["id"], protocol=None, port_range_min=None, port_range_max=None)
    site.make("security_group_rule", security_group_id=a["id"], **anything)
    closed = site.group("closed")
    for automatic in closed["security_group_rules"]:
        site.network.remove("security_group_rule", automatic["id"])
    clouds.pull()
    return site
