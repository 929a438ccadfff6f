"""Neutron: addresses, references between objects, and the errors that name them."""

from typing import Any

import pytest

from tests.twins.conftest import Site
from tests.twins.wire import Answer, Wire

V2 = "/network/v2.0"


def error(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["NeutronError"]["type"]


def make(wire: Wire, path: str, noun: str, **body: Any) -> dict[str, Any]:
    return wire.post(f"{V2}/{path}", {noun: body})[noun]


def test_a_subnet_gets_its_gateway_and_pools(member: Wire, site: Site) -> None:
    subnet = member.get(f"{V2}/subnets/{site.subnet_id}")["subnet"]
    assert subnet["gateway_ip"] == "10.7.0.1"
    assert subnet["allocation_pools"] == [{"start": "10.7.0.2", "end": "10.7.0.254"}]


@pytest.mark.parametrize(
    ("subnet", "status", "type_"),
    [
        ({"cidr": "10.7.0.0/25"}, 400, "InvalidInput"),
        ({"cidr": "10.7.0.300/25"}, 400, "InvalidInput"),
        ({}, 400, "BadRequest"),
        ({"cidr": "10.8.0.0/24", "ip_version": 6}, 400, "InvalidInput"),
        (
            {"cidr": "10.8.0.0/24", "allocation_pools": [{"start": "10.9.0.2", "end": "10.9.0.5"}]},
            400,
            "OutOfBoundsAllocationPool",
        ),
        (
            {"cidr": "10.8.0.0/24", "allocation_pools": [{"start": "10.8.0.1", "end": "10.8.0.5"}]},
            409,
            "GatewayConflictWithAllocationPools",
        ),
        ({"cidr": "10.8.0.0/24", "bogus": 1}, 400, "HTTPBadRequest"),
    ],
)
def test_a_subnet_that_cannot_be_is_refused(member: Wire, site: Site, subnet: dict, status: int, type_: str) -> None:
    body = {"network_id": site.network_id, "ip_version": 4, **subnet}
    assert error(member.call("POST", f"{V2}/subnets", {"subnet": body})) == (status, type_)


def test_ports_take_free_addresses_and_give_them_back(member: Wire, site: Site) -> None:
    first = make(member, "ports", "port", network_id=site.network_id)
    address = first["fixed_ips"][0]["ip_address"]
    again = {"port": {"network_id": site.network_id, "fixed_ips": [{"ip_address": address}]}}
    assert error(member.call("POST", f"{V2}/ports", again)) == (409, "IpAddressAlreadyAllocated")
    member.delete(f"{V2}/ports/{first['id']}")
    assert member.post(f"{V2}/ports", again)["port"]["fixed_ips"][0]["ip_address"] == address


def test_a_full_network_has_no_more_addresses(member: Wire) -> None:
    network_id = make(member, "networks", "network", name="small")["id"]
    make(member, "subnets", "subnet", network_id=network_id, ip_version=4, cidr="10.8.0.0/30")
    make(member, "ports", "port", network_id=network_id)
    answer = member.call("POST", f"{V2}/ports", {"port": {"network_id": network_id}})
    assert error(answer) == (409, "IpAddressGenerationFailure")


def test_a_bulk_request_makes_all_or_none(member: Wire, site: Site) -> None:
    good = {"network_id": site.network_id, "fixed_ips": [{"ip_address": "10.7.0.77"}]}
    before = len(member.get(f"{V2}/ports")["ports"])
    assert member.call("POST", f"{V2}/ports", {"ports": [good, good]}).status == 409
    assert len(member.get(f"{V2}/ports")["ports"]) == before
    two = [{"network_id": site.network_id, "name": name} for name in ("a", "b")]
    assert [port["name"] for port in member.post(f"{V2}/ports", {"ports": two})["ports"]] == ["a", "b"]


def test_what_is_in_use_stays(member: Wire, site: Site) -> None:
    for path, type_ in {
        f"networks/{site.network_id}": "NetworkInUse",
        f"subnets/{site.subnet_id}": "SubnetInUse",
        f"routers/{site.router_id}": "RouterInUse",
    }.items():
        assert error(member.call("DELETE", f"{V2}/{path}")) == (409, type_)


def test_a_floating_ip_needs_a_router_to_its_network(member: Wire, site: Site) -> None:
    other = make(member, "networks", "network", name="island")["id"]
    make(member, "subnets", "subnet", network_id=other, ip_version=4, cidr="10.9.0.0/24")
    port = make(member, "ports", "port", network_id=other)
    body = {"floatingip": {"floating_network_id": site.external_id, "port_id": port["id"]}}
    assert error(member.call("POST", f"{V2}/floatingips", body)) == (404, "ExternalGatewayForFloatingIPNotFound")
    body = {"floatingip": {"floating_network_id": site.network_id}}
    assert error(member.call("POST", f"{V2}/floatingips", body)) == (400, "BadRequest")


def test_a_floating_ip_holds_router_interface_and_gateway(member: Wire, site: Site) -> None:
    port = make(member, "ports", "port", network_id=site.network_id)
    floating = make(member, "floatingips", "floatingip", floating_network_id=site.external_id, port_id=port["id"])
    assert (floating["status"], floating["router_id"]) == ("ACTIVE", site.router_id)
    router = f"{V2}/routers/{site.router_id}"
    answer = member.call("PUT", f"{router}/remove_router_interface", {"subnet_id": site.subnet_id})
    assert error(answer) == (409, "RouterInterfaceInUseByFloatingIP")
    answer = member.call("PUT", router, {"router": {"external_gateway_info": {}}})
    assert error(answer) == (409, "RouterExternalGatewayInUseByFloatingIp")
    floating = member.put(f"{V2}/floatingips/{floating['id']}", {"floatingip": {"port_id": None}})["floatingip"]
    assert (floating["status"], floating["port_id"]) == ("DOWN", None)
    member.put(f"{router}/remove_router_interface", {"subnet_id": site.subnet_id})
    assert member.put(router, {"router": {"external_gateway_info": {}}})["router"]["external_gateway_info"] is None


def test_each_project_has_a_default_group_with_four_rules(member: Wire, stranger: Wire) -> None:
    (group,) = member.get(f"{V2}/security-groups")["security_groups"]
    rules = {(row["direction"], row["ethertype"], row["remote_group_id"]) for row in group["security_group_rules"]}
    assert group["name"] == "default"
    assert rules == {
        ("egress", "IPv4", None),
        ("egress", "IPv6", None),
        ("ingress", "IPv4", group["id"]),
        ("ingress", "IPv6", group["id"]),
    }
    answer = member.call("DELETE", f"{V2}/security-groups/{group['id']}")
    assert error(answer) == (409, "SecurityGroupCannotRemoveDefault")
    assert stranger.call("GET", f"{V2}/security-groups/{group['id']}").status == 404


@pytest.mark.parametrize(
    ("rule", "status", "type_"),
    [
        ({"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}, 409, "SecurityGroupRuleExists"),
        ({"protocol": "tcp", "port_range_min": 30, "port_range_max": 20}, 400, "SecurityGroupInvalidPortRange"),
        ({"protocol": "bogus"}, 400, "SecurityGroupRuleInvalidProtocol"),
        ({"port_range_min": 3, "port_range_max": 4}, 400, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "icmp", "port_range_min": 300}, 400, "SecurityGroupInvalidIcmpValue"),
        ({"direction": "sideways"}, 400, "HTTPBadRequest"),
        ({"remote_ip_prefix": "10.0.0.0/8", "ethertype": "IPv6"}, 400, "SecurityGroupRuleParameterConflict"),
        ({"remote_ip_prefix": "10.0.0.300/8"}, 400, "InvalidCIDR"),
        ({"remote_group_id": "00000000-0000-0000-0000-000000000000"}, 404, "SecurityGroupNotFound"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(member: Wire, rule: dict, status: int, type_: str) -> None:
    group = make(member, "security-groups", "security_group", name="web")
    assert len(group["security_group_rules"]) == 2
    ssh = {"security_group_id": group["id"], "direction": "ingress", "protocol": "tcp"}
    make(member, "security-group-rules", "security_group_rule", **ssh, port_range_min=22, port_range_max=22)
    body = {"security_group_rule": {"security_group_id": group["id"], "direction": "ingress", **rule}}
    assert error(member.call("POST", f"{V2}/security-group-rules", body)) == (status, type_)


def test_a_group_on_a_port_is_in_use(member: Wire, site: Site) -> None:
    group = make(member, "security-groups", "security_group", name="web")["id"]
    make(member, "ports", "port", network_id=site.network_id, security_groups=[group])
    assert error(member.call("DELETE", f"{V2}/security-groups/{group}")) == (409, "SecurityGroupInUse")


def test_lists_are_filtered_sorted_narrowed_and_paged(member: Wire) -> None:
    for name in "cab":
        make(member, "networks", "network", name=name)
    path = f"{V2}/networks?project_id={member.project_id}"
    assert [row["name"] for row in member.get(f"{path}&name=a&name=b")["networks"]] == ["a", "b"]
    assert member.get(f"{path}&sort_key=name&sort_dir=desc&fields=name")["networks"] == [
        {"name": "c"},
        {"name": "b"},
        {"name": "a"},
    ]
    seen, url = [], f"{path}&limit=2&fields=id&fields=name"
    while url:
        page = member.get(url.removeprefix(member.base))
        seen += [row["name"] for row in page["networks"]]
        url = next((row["href"] for row in page.get("networks_links", []) if row["rel"] == "next"), "")
    assert sorted(seen) == ["a", "b", "c"]
    assert member.call("GET", f"{V2}/networks?bogus=1").status == 400


def test_tags_are_set_and_found(member: Wire, site: Site) -> None:
    member.put(f"{V2}/networks/{site.network_id}/tags", {"tags": ["x", "y"]})
    member.put(f"{V2}/networks/{site.network_id}/tags/z")
    assert len(member.get(f"{V2}/networks?tags=x,z")["networks"]) == 1
    assert member.get(f"{V2}/networks?tags=x,nothing")["networks"] == []


def test_a_shared_network_is_seen_and_used_until_the_share_is_in_use(member: Wire, stranger: Wire, site: Site) -> None:
    assert stranger.call("GET", f"{V2}/networks/{site.network_id}").status == 404
    policy = {"object_type": "network", "object_id": site.network_id, "action": "access_as_shared"}
    rbac = make(member, "rbac-policies", "rbac_policy", **policy, target_tenant=stranger.project_id)
    assert stranger.get(f"{V2}/networks/{site.network_id}")["network"]["shared"] is True
    port = make(stranger, "ports", "port", network_id=site.network_id)
    assert error(member.call("DELETE", f"{V2}/rbac-policies/{rbac['id']}")) == (409, "RbacPolicyInUse")
    stranger.delete(f"{V2}/ports/{port['id']}")
    member.delete(f"{V2}/rbac-policies/{rbac['id']}")
    answer = member.call("POST", f"{V2}/rbac-policies", {"rbac_policy": {**policy, "target_tenant": "*"}})
    assert error(answer) == (403, "PolicyNotAuthorized")


def test_members_do_not_touch_what_belongs_to_the_cloud(member: Wire, site: Site) -> None:
    body = {"network": {"name": "mine"}}
    answer = member.call("PUT", f"{V2}/networks/{site.external_id}", body)
    assert answer.body["NeutronError"]["message"] == "rule:update_network is disallowed by policy"
    answer = member.call("POST", f"{V2}/networks", {"network": {"name": "x", "router:external": True}})
    message = "(rule:create_network and rule:create_network:router:external) is disallowed by policy"
    assert answer.body["NeutronError"]["message"] == message


def test_quotas_count_refuse_and_cannot_fall_below_use(member: Wire, admin: Wire, site: Site) -> None:
    details = member.get(f"{V2}/quotas/{member.project_id}/details.json")["quota"]
    assert details["network"] == {"limit": 100, "used": 1, "reserved": 0}
    admin.put(f"{V2}/quotas/{member.project_id}", {"quota": {"network": 1}})
    answer = member.call("POST", f"{V2}/networks", {"network": {"name": "more"}})
    assert answer.body["NeutronError"] == {
        "type": "OverQuota",
        "message": "Quota exceeded for resources: ['network'].",
        "detail": "",
    }
    answer = admin.call("PUT", f"{V2}/quotas/{member.project_id}", {"quota": {"network": 0}})
    assert "must be greater than or equal to already used 1" in answer.body["NeutronError"]["message"]
    assert member.call("PUT", f"{V2}/quotas/{member.project_id}", {"quota": {"network": 9}}).status == 403
