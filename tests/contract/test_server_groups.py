"""Server groups: every policy, who made them, what refuses."""

import pytest

from tests.contract.stage import Room, unique
from waldur_core.operations.errors import Invalid
from waldur_openstack.cloud.gateway import JSON

POLICIES = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")


def group(room: Room, policy: str) -> JSON:
    made = room.cloud.compute.create_server_group(unique("group"), policy)
    room.later.callback(room.cloud.compute.delete_server_group, made["id"])
    return made


@pytest.mark.parametrize("policy", POLICIES)
def test_a_group_is_listed_with_its_policy_and_its_maker(room: Room, policy: str) -> None:
    made = group(room, policy)
    (found,) = [item for item in room.cloud.compute.server_groups() if item["id"] == made["id"]]
    assert (found["name"], found["policy"], found["members"]) == (made["name"], policy, [])
    assert found["user_id"] == room.cloud.identity.own_user_id()


def test_names_may_be_equal(room: Room) -> None:
    made = group(room, "affinity")
    again = room.cloud.compute.create_server_group(made["name"], "affinity")
    room.later.callback(room.cloud.compute.delete_server_group, again["id"])
    assert again["id"] != made["id"]


def test_many_groups_come_in_pages(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {group(room, "affinity")["id"] for _ in range(3)}
    monkeypatch.setattr(type(room.cloud.compute), "page_size", 2)
    assert made <= {item["id"] for item in room.cloud.compute.server_groups()}


def test_a_policy_that_does_not_exist_is_refused(room: Room) -> None:
    with pytest.raises(Invalid):
        room.cloud.compute.create_server_group(unique("group"), "nearby")


def test_a_deleted_group_is_gone_and_deleting_it_again_is_no_error(room: Room) -> None:
    made = room.cloud.compute.create_server_group(unique("group"), "affinity")
    for _ in range(2):
        room.cloud.compute.delete_server_group(made["id"])
    assert made["id"] not in {item["id"] for item in room.cloud.compute.server_groups()}
