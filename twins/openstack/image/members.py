"""Sharing with other projects: https://docs.openstack.org/api-ref/image/v2/#sharing."""

from __future__ import annotations

from ..errors import conflict, forbidden, not_found
from ..state import Obj
from ..wire import Call
from .images import fetch, fetch_own


def show_member(image: Obj, project_id: str) -> Obj:
    member = image["members"][project_id]
    return {
        "image_id": image["id"],
        "member_id": project_id,
        "status": member["status"],
        "created_at": member["created_at"] + "Z",
        "updated_at": member["updated_at"] + "Z",
        "schema": "/v2/schemas/member",
    }


def list_all(call: Call) -> Obj:
    image = fetch(call, call.params["id"])
    mine = image["owner"] == call.project_id or call.is_admin
    ids = [key for key in image["members"] if mine or key == call.project_id]
    return {"members": [show_member(image, key) for key in ids], "schema": "/v2/schemas/members"}


def fetch_member(call: Call) -> tuple[Obj, str]:
    image, project_id = fetch(call, call.params["id"]), call.params["member"]
    if project_id not in image["members"]:
        raise not_found(f"{project_id} not found in the member list of the image {image['id']}.")
    return image, project_id


def show(call: Call) -> Obj:
    return show_member(*fetch_member(call))


def create(call: Call) -> Obj:
    image = fetch_own(call, "add_member")
    if image["visibility"] != "shared":
        raise forbidden("Only shared images have members.")
    project_id = (call.body or {}).get("member") or ""
    if project_id in image["members"]:
        raise conflict(f"Member {project_id} is duplicated for image {image['id']}")
    stamp = call.stamp()
    member = {"status": "pending", "created_at": stamp, "updated_at": stamp}
    call.state.edit("images", image, members={**image["members"], project_id: member})
    return show_member(image, project_id)


def update(call: Call) -> Obj:
    image, project_id = fetch_member(call)
    if project_id != call.project_id and not call.is_admin:
        raise forbidden("You are not authorized to complete modify_member action.")
    status = (call.body or {}).get("status")
    member = {**image["members"][project_id], "status": status, "updated_at": call.stamp()}
    call.state.edit("images", image, members={**image["members"], project_id: member})
    return show_member(image, project_id)


def delete(call: Call) -> None:
    fetch_own(call, "delete_member")
    image, project_id = fetch_member(call)
    kept = {key: member for key, member in image["members"].items() if key != project_id}
    call.state.edit("images", image, members=kept)
