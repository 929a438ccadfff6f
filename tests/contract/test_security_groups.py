"""Security groups and their rules."""

from typing import Any

import pytest

from tests.contract.stage import Room, unique
from waldur_core.operations.errors import CloudConflict, Invalid

RULE: dict[str, Any] = {
    "direction": "ingress",
    "ethertype": "IPv4",
    "protocol": "tcp",
    "port_range_min": 22,
    "port_range_max": 22,
    "remote_ip_prefix": None,
    "remote_group_id": None,
    "description": "",
}


def test_every_project_has_a_default_group_that_talks_to_itself(room: Room) -> None:
    (group,) = room.cloud.network.list("security_group", project_id=room.project_id, name="default")
    rules = group["security_group_rules"]
    shape = {(rule["direction"], rule["ethertype"], rule["remote_group_id"] == group["id"]) for rule in rules}
    assert len(rules) == 4
    assert shape == {(way, kind, way == "ingress") for way in ("ingress", "egress") for kind in ("IPv4", "IPv6")}
    assert {rule["protocol"] for rule in rules} == {None}


def test_a_new_group_lets_everything_out_and_nothing_in(room: Room) -> None:
    group = room.make("security_group", name=unique(), description="text")
    assert group["description"] == "text"
    rules = {(rule["direction"], rule["ethertype"]) for rule in group["security_group_rules"]}
    assert rules == {("egress", "IPv4"), ("egress", "IPv6")}


def test_a_group_is_found_by_its_description_with_its_rules(room: Room) -> None:
    mark = f"waldur:{unique()}"
    group = room.make("security_group", name=unique(), description=mark)
    rules = [{**RULE, "security_group_id": group["id"]}, {**RULE, "security_group_id": group["id"], "protocol": "udp"}]
    made = room.cloud.network.create_many("security_group_rule", rules)
    assert [rule["protocol"] for rule in made] == ["tcp", "udp"]
    found = room.cloud.network.first("security_group", description=mark)
    assert found and found["id"] == group["id"]
    assert {rule["id"] for rule in made} <= {rule["id"] for rule in found["security_group_rules"]}
    assert room.cloud.network.first("security_group", description=mark[:-1]) is None


def test_rules_answer_what_we_compare(room: Room) -> None:
    group = room.make("security_group", name=unique())
    other = room.make("security_group", name=unique())
    wanted = [
        {**RULE, "description": "ssh", "remote_ip_prefix": "10.0.0.0/8"},
        {**RULE, "remote_ip_prefix": "0.0.0.0/0", "protocol": "udp"},
        {**RULE, "protocol": "icmp", "port_range_min": None, "port_range_max": None},
        {**RULE, "protocol": "icmp", "port_range_min": 8, "port_range_max": 0, "remote_ip_prefix": "10.0.0.0/8"},
        {**RULE, "protocol": None, "port_range_min": None, "port_range_max": None, "remote_group_id": other["id"]},
        {**RULE, "direction": "egress", "ethertype": "IPv6", "remote_ip_prefix": "2001:db8::/32"},
        {**RULE, "protocol": "112", "port_range_min": None, "port_range_max": None},
        {**RULE, "port_range_min": 1000, "port_range_max": 2000},
    ]
    made = room.cloud.network.create_many(
        "security_group_rule", [{**r, "security_group_id": group["id"]} for r in wanted]
    )
    assert [{name: rule[name] for name in RULE} for rule in made] == wanted
    shown = room.cloud.network.show("security_group", group["id"])
    assert shown
    assert len(shown["security_group_rules"]) == 2 + len(wanted)


def test_the_same_rule_again_is_a_conflict_and_makes_nothing(room: Room) -> None:
    group = room.make("security_group", name=unique())
    rule = {**RULE, "security_group_id": group["id"]}
    room.cloud.network.create_many("security_group_rule", [rule])
    with pytest.raises(CloudConflict, match="already exists"):
        room.cloud.network.create_many("security_group_rule", [{**rule, "protocol": "udp"}, rule])
    shown = room.cloud.network.show("security_group", group["id"])
    assert shown
    assert [r["protocol"] for r in shown["security_group_rules"] if r["direction"] == "ingress"] == ["tcp"]


@pytest.mark.parametrize(
    ("change", "reason"),
    (
        ({"port_range_min": 30, "port_range_max": 20}, "port_range"),
        ({"protocol": None}, "protocol"),
        ({"remote_ip_prefix": "2001:db8::/32"}, "2001:db8::/32"),
        ({"remote_ip_prefix": "not-a-network"}, "not-a-network"),
        ({"port_range_max": 70000}, "70000"),
    ),
)
def test_impossible_rules_are_refused_with_the_reason(room: Room, change: dict[str, Any], reason: str) -> None:
    group = room.make("security_group", name=unique())
    with pytest.raises(Invalid, match=reason):
        room.cloud.network.create("security_group_rule", security_group_id=group["id"], **{**RULE, **change})


def test_the_default_group_is_deleted_by_the_administrator_alone(room: Room) -> None:
    project_id = room.site.new_project(room.later)
    member = room.site.new_member(room.later, project_id)
    (group,) = member.network.list("security_group", project_id=project_id, name="default")
    with pytest.raises(CloudConflict, match=r"(?i)default"):
        member.network.remove("security_group", group["id"])
    room.admin.network.remove("security_group", group["id"])
    assert room.admin.network.show("security_group", group["id"]) is None


def test_a_deleted_group_takes_its_rules_along(room: Room) -> None:
    group = room.make("security_group", name=unique())
    room.cloud.network.remove("security_group", group["id"])
    room.cloud.network.remove("security_group", group["id"])
    assert room.cloud.network.list("security_group_rule", security_group_id=group["id"]) == []
