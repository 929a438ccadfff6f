"""Key pairs: they belong to the user, whatever the project, and are known by fingerprint."""

import pytest

from tests.contract.stage import Room, unique
from tests.factories import make_user
from tests.openstack.orders import PUBLIC_KEY, key_of
from waldur_core.operations.errors import AuthenticationFailed, CloudConflict, Invalid
from waldur_openstack.cloud.gateway import JSON


def keypair(room: Room) -> JSON:
    made = room.cloud.compute.create_keypair(unique("key"), PUBLIC_KEY)
    room.later.callback(room.cloud.compute.delete, f"/os-keypairs/{made['name']}")
    return made


def test_a_key_has_the_fingerprint_we_compute(db: None, room: Room) -> None:
    made = keypair(room)
    assert made["fingerprint"] == key_of(make_user()).fingerprint_md5
    assert made["public_key"].split()[:2] == PUBLIC_KEY.split()[:2]


def test_a_key_is_listed_and_shown_in_every_project_of_its_user(room: Room) -> None:
    made = keypair(room)
    for cloud in (room.cloud, room.admin):
        assert made["name"] in {item["name"] for item in cloud.compute.keypairs()}
        shown = cloud.compute.keypair(made["name"])
        assert shown and shown["fingerprint"] == made["fingerprint"]
    assert room.site.member.compute.keypair(made["name"]) is None
    assert made["name"] not in {item["name"] for item in room.site.member.compute.keypairs()}


def test_an_unknown_key_is_none(room: Room) -> None:
    assert room.cloud.compute.keypair(unique("key")) is None


def test_a_second_key_of_the_same_name_is_a_conflict(room: Room) -> None:
    made = keypair(room)
    with pytest.raises(CloudConflict, match=made["name"]):
        room.cloud.compute.create_keypair(made["name"], PUBLIC_KEY)


@pytest.mark.parametrize(
    ("name", "key"), (("key", "nonsense"), ("a/b", PUBLIC_KEY), ("x" * 256, PUBLIC_KEY), ("x ", PUBLIC_KEY))
)
def test_impossible_keys_are_refused(room: Room, name: str, key: str) -> None:
    with pytest.raises(Invalid):
        room.cloud.compute.create_keypair(name, key)


def test_a_server_keeps_the_name_of_its_key(room: Room) -> None:
    made = keypair(room)
    assert room.active_server(key_name=made["name"])["key_name"] == made["name"]


def test_an_administrator_keeps_the_keys_of_another_user(room: Room) -> None:
    compute, user, name = room.admin.compute, room.site.member.identity.own_user_id(), unique("key")
    compute.create_keypair_for(user, name, PUBLIC_KEY)
    room.later.callback(compute.delete_keypair_of, user, name)
    assert name in {item["name"] for item in compute.keypairs_of(user)}
    assert name in {item["name"] for item in room.site.member.compute.keypairs()}
    assert name not in {item["name"] for item in compute.keypairs()}
    with pytest.raises(CloudConflict, match=name):
        compute.create_keypair_for(user, name, PUBLIC_KEY)
    for _ in range(2):
        compute.delete_keypair_of(user, name)
    assert name not in {item["name"] for item in compute.keypairs_of(user)}


def test_an_ordinary_user_does_not_reach_the_keys_of_others(room: Room) -> None:
    own = room.admin.identity.own_user_id()
    with pytest.raises(AuthenticationFailed):
        room.site.member.compute.keypairs_of(own)
    with pytest.raises(AuthenticationFailed):
        room.site.member.compute.create_keypair_for(own, unique("key"), PUBLIC_KEY)
