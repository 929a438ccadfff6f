"""What goes wrong becomes one of our errors, with the cloud's own sentence and nothing of its markup."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.stage import PASSWORD, Room, Site, unique
from waldur_core.operations.errors import (
    AuthenticationFailed,
    ErrorCode,
    Invalid,
    NotFound,
    OperationError,
    Unreachable,
)
from waldur_openstack.cloud import Cloud

NOWHERE = "00000000-0000-4000-a000-000000000000"
Call = Callable[[Cloud], Any]

UNKNOWN: dict[str, Call] = {
    "identity": lambda cloud: cloud.identity.get(f"/projects/{'0' * 32}"),
    "compute": lambda cloud: cloud.compute.get(f"/servers/{NOWHERE}"),
    "block_storage": lambda cloud: cloud.block_storage.get(f"/volumes/{NOWHERE}"),
    "network": lambda cloud: cloud.network.get(f"/networks/{NOWHERE}"),
    "image": lambda cloud: cloud.image.get(f"/images/{NOWHERE}"),
}
NO_PATH: dict[str, Call] = {name: lambda cloud, name=name: getattr(cloud, name).get("/nonsense") for name in UNKNOWN}
BAD: dict[str, Call] = {
    "identity": lambda cloud: cloud.identity.post("/projects", {"project": {"name": 5}}),
    "compute": lambda cloud: cloud.compute.post("/servers", {"server": {"name": 5}}),
    "block_storage": lambda cloud: cloud.block_storage.post("/volumes", {"volume": {"size": "x"}}),
    "network": lambda cloud: cloud.network.create("network", nonsense=1),
    "image": lambda cloud: cloud.image.images(sort_key="nonsense"),
}
FORBIDDEN: dict[str, Call] = {
    "identity": lambda cloud: cloud.identity.create_project(name=unique(), domain_id="default"),
    "compute": lambda cloud: cloud.compute.set_quotas(cloud.credentials.project_id, {"cores": 1}),
    "block_storage": lambda cloud: cloud.block_storage.set_quotas(cloud.credentials.project_id, {"volumes": 1}),
    "network": lambda cloud: cloud.network.set_quotas(cloud.credentials.project_id, {"network": 1}),
    "image": lambda cloud: cloud.image.post("/images", {"name": unique(), "visibility": "public"}),
}


def assert_readable(error: OperationError) -> None:
    assert "<" not in error.message.replace("<br", "<"), error.message
    assert not error.message.rstrip().endswith(":"), error.message
    assert "{'" not in error.message, error.message


@pytest.mark.parametrize("service", UNKNOWN)
def test_an_unknown_object_is_not_found_by_name(site: Site, service: str) -> None:
    with pytest.raises(NotFound, match=r"0000.*|could not be found|No image found") as failure:
        UNKNOWN[service](site.cloud)
    assert_readable(failure.value)
    assert failure.value.code == ErrorCode.NOT_FOUND


@pytest.mark.parametrize("service", NO_PATH)
def test_an_unknown_path_is_not_found(site: Site, service: str) -> None:
    with pytest.raises(NotFound) as failure:
        NO_PATH[service](site.cloud)
    assert_readable(failure.value)


@pytest.mark.parametrize("service", BAD)
def test_a_bad_request_is_invalid(site: Site, service: str) -> None:
    with pytest.raises(Invalid) as failure:
        BAD[service](site.cloud)
    assert failure.value.code == ErrorCode.INVALID
    assert not failure.value.retryable
    assert len(failure.value.message) > 40


@pytest.mark.parametrize("service", FORBIDDEN)
def test_what_only_administrators_may_is_refused_to_members(site: Site, service: str) -> None:
    with pytest.raises(AuthenticationFailed) as failure:
        FORBIDDEN[service](site.member)
    assert failure.value.code == ErrorCode.AUTH
    assert_readable(failure.value)


def test_a_member_is_no_administrator_for_the_connection_check(site: Site) -> None:
    with pytest.raises(AuthenticationFailed):
        site.member.identity.check()


def test_objects_of_other_projects_do_not_exist_for_a_member(room: Room) -> None:
    elsewhere = room.admin.in_project(room.site.new_project(room.later))
    network = elsewhere.network.create("network", name=unique())
    volume = elsewhere.block_storage.create_volume(name=unique(), size=1)
    member = room.site.member
    assert member.network.show("network", network["id"]) is None
    assert member.block_storage.volume(volume["id"]) is None
    assert member.network.list("network", project_id=elsewhere.credentials.project_id) == []


@pytest.mark.parametrize(
    "change",
    (
        {"password": "wrong"},
        {"username": "nobody"},
        {"project_name": "nowhere"},
        {"project_id": "0" * 32, "project_name": ""},
        {"domain": "nowhere"},
    ),
)
def test_wrong_credentials_are_refused_with_one_sentence(site: Site, change: dict[str, str]) -> None:
    cloud = Cloud(replace(site.admin.credentials, **change))
    with pytest.raises(AuthenticationFailed, match="refuses the credentials of the service account") as failure:
        cloud.compute.check()
    assert failure.value.code == ErrorCode.AUTH


def test_a_project_without_a_role_is_closed(room: Room) -> None:
    project_id = room.site.new_project(room.later)
    with pytest.raises(AuthenticationFailed):
        room.site.member.in_project(project_id).network.check()


def test_a_wrong_address_is_unreachable_or_not_found(site: Site) -> None:
    known = site.admin.credentials
    with pytest.raises(Unreachable):
        Cloud(replace(known, auth_url="http://127.0.0.1:9/v3")).identity.own_user_id()
    with pytest.raises(NotFound):
        Cloud(replace(known, auth_url=known.auth_url + "/nonsense")).identity.own_user_id()


def test_a_region_that_does_not_exist_is_said(site: Site) -> None:
    with pytest.raises(Invalid, match="nowhere"):
        Cloud(replace(site.admin.credentials, region="nowhere")).compute.check()


def test_a_disabled_user_is_refused(room: Room) -> None:
    cloud = room.site.new_member(room.later)
    cloud.compute.check()
    identity = room.admin.identity
    user_id = cloud.identity.own_user_id()
    identity.call("PATCH", f"/users/{user_id}", json={"user": {"enabled": False}})
    with pytest.raises(AuthenticationFailed):
        cloud.identity.get(f"/users/{user_id}")
    assert PASSWORD not in repr(cloud)
