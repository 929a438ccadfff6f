"""Cinder: volumes through their states, quotas with their texts, filters."""

from typing import Any

import pytest

from tests.twins.wire import Answer, Wire
from twins.openstack import TwinClient

CINDER = "/volume/v3/{project}"


@pytest.fixture
def member(member: Wire) -> Wire:
    member.headers = {"OpenStack-API-Version": "volume 3.71"}
    return member


def make(wire: Wire, **body: Any) -> dict[str, Any]:
    return wire.post(f"{CINDER}/volumes", {"volume": {"size": 1, **body}})["volume"]


def show(wire: Wire, volume: dict[str, Any]) -> dict[str, Any]:
    return wire.get(f"{CINDER}/volumes/{volume['id']}")["volume"]


def reason(answer: Answer) -> tuple[int, str]:
    (fault,) = answer.body.values()
    return answer.status, fault["message"]


def test_a_volume_is_creating_then_available_then_gone(member: Wire, inspect: TwinClient) -> None:
    inspect.set_latency({"volume.create": 5, "volume.delete": 5})
    volume = make(member, name="v", metadata={"a": "b"})
    assert (volume["status"], volume["updated_at"]) == ("creating", None)
    inspect.advance(6)
    assert (show(member, volume)["status"], show(member, volume)["volume_type"]) == ("available", "ssd")
    member.delete(f"{CINDER}/volumes/{volume['id']}")
    assert show(member, volume)["status"] == "deleting"
    inspect.advance(6)
    answer = member.call("GET", f"{CINDER}/volumes/{volume['id']}")
    assert reason(answer) == (404, f"Volume {volume['id']} could not be found.")


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"size": 0}, 400, "0 is less than the minimum of 1"),
        ({"size": "abc"}, 400, "'abc' does not match '^[0-9]+$'"),
        ({"volume_type": "nope"}, 404, "Volume type with name nope could not be found."),
        ({"imageRef": "nope"}, 400, "Invalid image identifier or unable to access requested image."),
        ({"snapshot_id": "nope"}, 404, "Snapshot nope could not be found."),
        ({"source_volid": "nope"}, 404, "Volume nope could not be found."),
    ],
)
def test_a_volume_that_cannot_be_is_refused(member: Wire, body: dict, status: int, text: str) -> None:
    answer = member.call("POST", f"{CINDER}/volumes", {"volume": {"size": 1, **body}})
    assert reason(answer)[0] == status
    assert reason(answer)[1].endswith(text)


def test_an_image_makes_a_volume_bootable_and_sets_its_least_size(member: Wire) -> None:
    images = {row["name"]: row["id"] for row in member.get("/image/v2/images")["images"]}
    answer = member.call("POST", f"{CINDER}/volumes", {"volume": {"size": 1, "imageRef": images["ubuntu-24.04"]}})
    assert "cannot be smaller than the image minDisk size 3GB" in reason(answer)[1]
    volume = make(member, size=3, imageRef=images["ubuntu-24.04"])
    shown = show(member, volume)
    assert (shown["bootable"], shown["volume_image_metadata"]["min_ram"]) == ("true", "512")


def test_snapshots_keep_their_volume(member: Wire) -> None:
    volume = make(member, size=2)
    body = {"snapshot": {"volume_id": volume["id"], "name": "s"}}
    snapshot = member.post(f"{CINDER}/snapshots", body)["snapshot"]
    answer = member.call("DELETE", f"{CINDER}/volumes/{volume['id']}")
    assert reason(answer)[1].startswith("Invalid volume: Volume status must be available or error")
    answer = member.call("POST", f"{CINDER}/volumes", {"volume": {"size": 1, "snapshot_id": snapshot["id"]}})
    assert "cannot be smaller than the snapshot size 2GB" in reason(answer)[1]
    member.delete(f"{CINDER}/volumes/{volume['id']}?cascade=true")
    assert member.get(f"{CINDER}/snapshots")["snapshots"] == []


def test_growing_needs_more_and_shrinking_is_refused(member: Wire) -> None:
    volume = make(member)
    answer = member.call("POST", f"{CINDER}/volumes/{volume['id']}/action", {"os-extend": {"new_size": 1}})
    assert reason(answer) == (
        400,
        "Invalid input received: New size for extend must be greater than current size. (current: 1, extended: 1).",
    )
    member.post(f"{CINDER}/volumes/{volume['id']}/action", {"os-extend": {"new_size": 4}})
    assert show(member, volume)["size"] == 4


def test_quotas_refuse_with_cinders_words(member: Wire, admin: Wire) -> None:
    make(member)
    path = f"{CINDER}/os-quota-sets/{member.project_id}"
    admin.put(path, {"quota_set": {"gigabytes": 3, "volumes": 2}})
    answer = member.call("POST", f"{CINDER}/volumes", {"volume": {"size": 3}})
    assert answer.headers["Retry-After"] == "0"
    assert answer.body == {
        "overLimit": {
            "code": 413,
            "message": "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
            "Requested 3G, quota is 3G and 1G has been consumed.",
            "retryAfter": "0",
        }
    }
    make(member)
    answer = member.call("POST", f"{CINDER}/volumes", {"volume": {"size": 1}})
    assert reason(answer) == (
        413,
        "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes'.",
    )
    usage = member.get(f"{path}?usage=true")["quota_set"]
    assert usage["gigabytes_ssd"] == {"limit": -1, "in_use": 2, "reserved": 0}
    assert usage["volumes"] == {"limit": 2, "in_use": 2, "reserved": 0}


def test_lists_are_filtered_by_metadata_time_and_status(member: Wire, inspect: TwinClient) -> None:
    make(member, name="old", metadata={"a": "b"})
    member.get(f"{CINDER}/volumes")
    inspect.advance(3600)
    new = make(member, name="new")
    moment = show(member, new)["updated_at"]
    for query, names in {
        "metadata=%7B%27a%27%3A%27b%27%7D": ["old"],
        "status=available": ["new", "old"],
        f"updated_at=gte:{moment}": ["new"],
        f"updated_at=lt:{moment}": ["old"],
        "name=new": ["new"],
        "sort=name:desc": ["old", "new"],
    }.items():
        found = member.get(f"{CINDER}/volumes/detail?{query}")["volumes"]
        assert [row["name"] for row in found] == names, query
    assert reason(member.call("GET", f"{CINDER}/volumes?bogus=1")) == (
        400,
        "Invalid filters bogus are found in query options.",
    )


def test_metadata_is_merged_replaced_and_removed(member: Wire) -> None:
    path = f"{CINDER}/volumes/{make(member, metadata={'a': 'b'})['id']}/metadata"
    assert member.post(path, {"metadata": {"x": "y"}})["metadata"] == {"a": "b", "x": "y"}
    assert member.put(path, {"metadata": {"z": "1"}})["metadata"] == {"z": "1"}
    member.delete(f"{path}/z")
    assert member.call("DELETE", f"{path}/z").status == 404


def test_a_private_type_is_for_those_with_access(member: Wire, admin: Wire) -> None:
    body = {"volume_type": {"name": "gold", "os-volume-type-access:is_public": False}}
    type_ = admin.post(f"{CINDER}/types", body)["volume_type"]["id"]
    assert member.call("POST", f"{CINDER}/volumes", {"volume": {"size": 1, "volume_type": "gold"}}).status == 404
    access = {"addProjectAccess": {"project": member.project_id}}
    assert admin.call("POST", f"{CINDER}/types/{type_}/action", access).status == 202
    assert make(member, volume_type="gold")["volume_type"] == "gold"


def test_the_project_in_the_path_is_the_tokens(member: Wire, admin: Wire) -> None:
    volume = make(member)
    answer = admin.call("GET", f"/volume/v3/{member.project_id}/volumes/{volume['id']}")
    assert reason(answer) == (400, "Malformed request url")
    assert show(admin, volume)["os-vol-tenant-attr:tenant_id"] == member.project_id
    assert len(admin.get(f"{CINDER}/volumes?all_tenants=1")["volumes"]) == 1


def test_only_admins_reset_and_force(member: Wire, admin: Wire) -> None:
    volume = make(member)
    path = f"{CINDER}/volumes/{volume['id']}/action"
    assert member.call("POST", path, {"os-force_delete": {}}).status == 403
    assert admin.call("POST", path, {"os-reset_status": {"status": "error"}}).status == 202
    assert show(member, volume)["status"] == "error"
