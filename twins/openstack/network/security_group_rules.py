"""Security group rules: https://docs.openstack.org/api-ref/network/v2/#security-group-rules."""

from __future__ import annotations

from ipaddress import ip_network

from ..errors import ApiError, bad_request, conflict, not_found
from ..state import Obj, new_id
from ..wire import Call
from .resource import REQUIRED, Resource, invalid

PROTOCOLS = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "hopopt": 0,
    "icmp": 1,
    "igmp": 2,
    "ip": 0,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "sctp": 132,
    "tcp": 6,
    "udp": 17,
    "udplite": 136,
    "vrrp": 112,
}
WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite", "6", "17", "132", "33", "136")
ICMP = ("icmp", "icmpv6", "ipv6-icmp", "1", "58")
IDENTITY = (
    "security_group_id",
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
    "remote_address_group_id",
)


def show(call: Call, rule: Obj) -> Obj:
    return {
        **rule,
        "normalized_cidr": normalized(rule["remote_ip_prefix"]),
        "created_at": rule["created_at"] + "Z",
        "updated_at": rule["updated_at"] + "Z",
    }


def show_alone(call: Call, rule: Obj) -> Obj:
    """Its tags are told only within its group."""
    return {name: value for name, value in show(call, rule).items() if name != "tags"}


def normalized(prefix: str | None) -> str | None:
    """``10.1.2.3/8`` as ``10.0.0.0/8``."""
    return str(ip_network(prefix, strict=False)) if prefix else None


def make(call: Call, group: Obj, direction: str, ethertype: str, **more: object) -> Obj:
    """A rule that comes with its group."""
    rule: Obj = {**RULES.fields, "id": new_id(), "project_id": group["project_id"]}
    rule.update(security_group_id=group["id"], direction=direction, ethertype=ethertype, **more)
    RULES.stamp_new(call, rule)
    rule["belongs_to_default_sg"] = group["name"] == "default"
    rule["description"] = None
    return call.state.add("security_group_rules", rule)


def prepare(call: Call, rule: Obj) -> None:
    group = fetch_group(call, rule["security_group_id"])
    rule["project_id"] = group["project_id"]
    rule["belongs_to_default_sg"] = group["name"] == "default"
    check_words(rule)
    check_protocol(rule)
    check_remote(call, rule)
    for other in call.state.where("security_group_rules", "security_group_id", group["id"]):
        if all(other[name] == rule[name] for name in IDENTITY):
            raise conflict(f"Security group rule already exists. Rule id is {other['id']}.", "SecurityGroupRuleExists")


def fetch_group(call: Call, key: str) -> Obj:
    group = call.state.get("security_groups", key)
    if group is None or (group["project_id"] != call.project_id and not call.is_admin):
        raise not_found(f"Security group {key} does not exist", "SecurityGroupNotFound")
    return group


def check_words(rule: Obj) -> None:
    if rule["direction"] not in ("ingress", "egress"):
        raise invalid(f"Invalid input for direction. Reason: {rule['direction']} is not in valid_values.")
    words = {"ipv4": "IPv4", "ipv6": "IPv6"}
    ethertype = words.get(str(rule["ethertype"]).lower())
    if ethertype is None:
        raise bad_request(
            f"Security group rule for ethertype '{rule['ethertype']}' not supported. "
            "Allowed values are ['IPv4', 'IPv6'].",
            "SecurityGroupRuleInvalidEtherType",
        )
    rule["ethertype"] = ethertype


def check_protocol(rule: Obj) -> None:
    protocol = rule["protocol"]
    if protocol is not None:
        protocol = str(protocol).lower()
        rule["protocol"] = None if protocol == "any" else protocol
        known = protocol in PROTOCOLS or protocol == "any" or (protocol.isdigit() and int(protocol) <= 255)
        if not known:
            names = ", ".join(f"'{name}'" for name in ("any", *PROTOCOLS))
            raise bad_request(
                f"Security group rule protocol {protocol} not supported. Only protocol values (None, "
                f"{names}) "
                "and integer representations [0 to 255] are supported.",
                "SecurityGroupRuleInvalidProtocol",
            )
    low, high = as_number(rule, "port_range_min"), as_number(rule, "port_range_max")
    if low is None and high is None:
        return
    if rule["protocol"] is None:
        raise bad_request(
            "Must also specify protocol if port range is given.", "SecurityGroupProtocolRequiredWithPorts"
        )
    if rule["protocol"] in ICMP:
        check_icmp(low, high)
    elif rule["protocol"] in WITH_PORTS:
        check_ports(low, high)
    if rule["protocol"] in ("tcp", "6") and (low, high) == (1, 65535):
        rule["port_range_min"] = rule["port_range_max"] = None


def as_number(rule: Obj, name: str) -> int | None:
    value = rule[name]
    if value is None or value == "":
        rule[name] = None
        return None
    if not str(value).lstrip("-").isdigit():
        raise invalid(f"Invalid input for {name}. Reason: '{value}' is not an integer.")
    rule[name] = int(value)
    return int(value)


def check_icmp(type_: int | None, code: int | None) -> None:
    for field, attribute, value in (("type", "port_range_min", type_), ("code", "port_range_max", code)):
        if value is not None and not 0 <= value <= 255:
            raise bad_request(
                f"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.",
                "SecurityGroupInvalidIcmpValue",
            )
    if type_ is None:
        raise bad_request(
            f"ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing.",
            "SecurityGroupMissingIcmpType",
        )


def check_ports(low: int | None, high: int | None) -> None:
    for value in (low, high):
        if value is not None and not 0 <= value <= 65535:
            raise bad_request(f"Invalid value for port {value}", "SecurityGroupInvalidPortValue")
    if low is None or high is None or low > high:
        raise bad_request(
            "For TCP/UDP protocols, port_range_min must be <= port_range_max", "SecurityGroupInvalidPortRange"
        )


def check_remote(call: Call, rule: Obj) -> None:
    prefix = rule["remote_ip_prefix"]
    given = [rule[name] for name in ("remote_ip_prefix", "remote_group_id", "remote_address_group_id") if rule[name]]
    if len(given) > 1:
        raise bad_request(
            "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
            "SecurityGroupMultipleRemoteEntites",
        )
    if rule["remote_group_id"]:
        fetch_group(call, rule["remote_group_id"])
    if not prefix:
        rule["remote_ip_prefix"] = None
        return
    try:
        network = ip_network(prefix, strict=False)
    except ValueError:
        raise bad_request(f"Invalid CIDR {prefix} given as IP prefix.", "InvalidCIDR") from None
    if f"IPv{network.version}" != rule["ethertype"]:
        raise bad_request(
            f"Conflicting value ethertype {rule['ethertype']} for CIDR {prefix}",
            "SecurityGroupRuleParameterConflict",
        )
    rule["remote_ip_prefix"] = str(network) if "/" not in str(prefix) else prefix


def bump_group(call: Call, rule: Obj) -> None:
    """A rule that comes or goes is a change of its group."""
    group = call.state.get("security_groups", rule["security_group_id"])
    if group is not None:
        number = group["revision_number"] + 1
        call.state.edit("security_groups", group, updated_at=call.stamp(), revision_number=number)


def update(call: Call, rule: Obj, changes: Obj) -> None:
    others = [name for name in changes if name != "description"]
    if others:
        raise ApiError(400, f"Cannot update read-only attribute {others[0]}", "HTTPBadRequest")


def refuse_several_groups(bodies: list[Obj]) -> None:
    """A bulk of rules is of one group."""
    if len({rule.get("security_group_id") for rule in bodies}) > 1:
        raise bad_request(
            "Only allowed to update rules for one security profile at a time", "SecurityGroupNotSingleGroupRules"
        )


RULES = Resource(
    path="security-group-rules",
    singular="security_group_rule",
    kind="security_group_rules",
    type="SecurityGroupRule",
    missing="Security group rule {id} does not exist",
    fields={
        "security_group_id": REQUIRED,
        "direction": REQUIRED,
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "description": "",
    },
    extra_filters=("normalized_cidr", "belongs_to_default_sg"),
    quota="security_group_rule",
    before_many=refuse_several_groups,
    show=show_alone,
    prepare=prepare,
    created=bump_group,
    delete=bump_group,
    update=update,
)
