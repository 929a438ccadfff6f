"""Random tenants go to the other cloud at other addresses, and come back as they were."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.replication.clouds import TwoClouds
from tests.replication.conftest import Dumps, restore
from tests.replication.sites import Site
from waldur_openstack.cloud.gateway import JSON

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NAMES = st.sampled_from(("a", "b", "a b", "ä", "x" * 40))
GATEWAYS = st.sampled_from(("first", "last", "none"))
MODES = st.sampled_from((None, "slaac", "dhcpv6-stateless", "dhcpv6-stateful"))
PREFIXES = st.sampled_from((None, "0.0.0.0/0", "10.100.0.0/16", "10.100.0.7/32", "10.101.1.0/25", "203.0.113.0/24"))


@st.composite
def rules(draw: Any) -> JSON:
    protocol = draw(st.sampled_from((None, "tcp", "udp", "icmp", "47")))
    port = draw(st.integers(1, 60000)) if protocol in ("tcp", "udp") else None
    return {
        "direction": draw(st.sampled_from(("ingress", "egress"))), "protocol": protocol, "ethertype": "IPv4",
        "port_range_min": port, "port_range_max": port and port + draw(st.integers(0, 5)),
        "remote": draw(st.one_of(PREFIXES, st.integers(0, 3))), "description": draw(NAMES),
    }  # fmt: skip


networks = st.lists(
    st.fixed_dictionaries(
        {
            "name": NAMES,
            "description": NAMES,
            "subnets": st.lists(st.tuples(NAMES, st.integers(20, 28), GATEWAYS, st.booleans()), max_size=3),
            "six": st.lists(st.tuples(MODES, st.booleans()), max_size=2),
            "by_port": st.booleans(),
        }
    ),
    max_size=3,
)
groups = st.lists(st.fixed_dictionaries({"name": NAMES, "rules": st.lists(rules(), max_size=4)}), max_size=4)
tenants = st.fixed_dictionaries({"networks": networks, "routers": st.integers(0, 2), "groups": groups})


def build(clouds: TwoClouds, wanted: JSON) -> list[str]:
    """Make it; returns the blocks of its subnets."""
    site, blocks = Site(clouds), []
    routers = [site.make("router", name=f"random-{number}") for number in range(wanted["routers"])]
    for place, network in enumerate(wanted["networks"]):
        made = site.make("network", name=network["name"], description=network["description"])
        for number, (name, length, gateway, connected) in enumerate(network["subnets"]):
            block = f"10.{100 + place}.{16 * number}.0/{length}"
            blocks.append(block)
            subnet = site.subnet(made, block, name=name, **gateway_of(block, gateway))
            if routers and connected and gateway != "none":
                site.connect(routers[number % len(routers)], subnet)
            elif routers and network["by_port"] and not number:
                fixed = [{"subnet_id": subnet["id"], "ip_address": str(ip_network(block)[9])}]
                port = site.make("port", network_id=made["id"], fixed_ips=fixed)
                site.network.add_router_interface(routers[0]["id"], port_id=port["id"])
        blocks += build_six(site, made, f"fd00:{place}", network["six"], routers)
    build_groups(site, wanted["groups"])
    clouds.pull()
    return blocks


def build_six(site: Site, network: JSON, start: str, wanted: list[Any], routers: list[JSON]) -> list[str]:
    blocks = []
    for number, (mode, connected) in enumerate(wanted):
        blocks.append(f"{start}:{number}::/64")
        modes = {"ipv6_ra_mode": mode, "ipv6_address_mode": mode} if mode else {}
        subnet = site.subnet(network, blocks[-1], **modes)
        if routers and connected:
            site.connect(routers[-1], subnet)
    return blocks


def gateway_of(block: str, which: str) -> JSON:
    if which == "first":
        return {}
    return {"gateway_ip": None if which == "none" else str(ip_network(block)[-2])}


def build_groups(site: Site, wanted: list[JSON]) -> None:
    made = [site.make("security_group", name=group["name"]) for group in wanted]
    seen = set()
    for own, group in zip(made, wanted, strict=True):
        for values in group["rules"]:
            remote = values["remote"]
            end = {"remote_ip_prefix": remote}
            if isinstance(remote, int):
                end = {"remote_group_id": made[remote % len(made)]["id"]}
            body = {**{key: value for key, value in values.items() if key != "remote"}, **end}
            key = (own["id"], *(str(body.get(name)) for name in sorted(body) if name != "description"))
            automatic = values["direction"] == "egress" and values["protocol"] is None
            if key not in seen and not automatic:
                seen.add(key)
                site.make("security_group_rule", security_group_id=own["id"], **body)


def elsewhere(block: str, number: int) -> str:
    return f"fd99:{number}::/64" if ":" in block else f"172.{20 + number}.0.0/{block.split('/')[1]}"


def test_random_tenants_go_there_and_come_back_as_they_were(built_clouds: tuple[TwoClouds, Dumps], db: None) -> None:
    clouds, dumps = built_clouds

    @settings(
        max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
    )
    @given(tenants)
    def there_and_back(wanted: JSON) -> None:
        restore(dumps)
        with transaction.atomic():
            go(wanted)
            transaction.set_rollback(True)

    def go(wanted: JSON) -> None:
        blocks = build(clouds, wanted)
        pairs = {block: elsewhere(block, number) for number, block in enumerate(blocks)}
        there = clouds.migrate(mappings={"subnets": [{"src_cidr": a, "dst_cidr": b} for a, b in pairs.items()]})
        assert there.verification["verified"], there.verification["differences"]
        offering = clouds.source.offering
        back = clouds.migrate(
            src_resource=there.dst_resource.uuid.hex, dst_offering=offering.uuid.hex,
            dst_plan=offering.plans.get().uuid.hex, name="back",
            mappings={"subnets": [{"src_cidr": b, "dst_cidr": a} for a, b in pairs.items()]},
        )  # fmt: skip
        assert back.verification["verified"], back.verification["differences"]
        assert back.tenant and clouds.meaning_of(back.tenant) == clouds.expected()

    there_and_back()
