"""Volume types, their extra specs and access: https://docs.openstack.org/api-ref/block-storage/v3/#volume-types-types."""

from __future__ import annotations

from .. import paging
from ..errors import bad_request, conflict, not_found
from ..state import Obj, new_id
from ..wire import Call, Reply
from .listing import given
from .sources import may_use_type


def show_type(call: Call, type_: Obj, listed: bool = False) -> Obj:
    """Members do not see what the backend needs."""
    shown: Obj = {
        "id": type_["id"],
        "name": type_["name"],
        "is_public": type_["is_public"],
        "description": type_["description"],
        "extra_specs": type_["extra_specs"] if call.is_admin else {},
        "os-volume-type-access:is_public": type_["is_public"],
    }
    if call.is_admin:
        shown["qos_specs_id"] = None
    return shown


def fetch_type(call: Call) -> Obj:
    type_ = call.state.get("volume_types", call.params["id"])
    if type_ is None or not may_use_type(call, type_):
        raise not_found(f"Volume type {call.params['id']} could not be found.")
    return type_


def list_all(call: Call) -> Obj:
    wanted = (call.arg("is_public") or "").lower()
    found = [type_ for type_ in call.state.all("volume_types") if may_use_type(call, type_)]
    if wanted in ("true", "false"):
        found = [type_ for type_ in found if type_["is_public"] == (wanted == "true")]
    rows, more = paging.cut(call, found, lambda marker: not_found(f"Volume type {marker} could not be found."))
    body: Obj = {"volume_types": [show_type(call, type_) for type_ in rows]}
    if more:
        body["volume_type_links"] = paging.next_link(call, rows[-1]["id"])
    return body


def show(call: Call) -> Obj:
    if call.params["id"] == "default":
        return {"volume_type": show_type(call, next(iter(call.state.all("volume_types"))))}
    return {"volume_type": show_type(call, fetch_type(call))}


def create(call: Call) -> Obj:
    body = given(call, "volume_type")
    name = body.get("name")
    if not name:
        raise bad_request(
            f"Invalid input for field/attribute volume_type. Value: {body}. 'name' is a required property"
        )
    refuse_twin(call, name)
    public = body.get("os-volume-type-access:is_public", body.get("is_public", True))
    type_ = {
        "id": new_id(),
        "name": name,
        "description": body.get("description"),
        "is_public": bool(public),
        "extra_specs": dict(body.get("extra_specs") or {}),
        "access": [],
    }
    return {"volume_type": show_type(call, call.state.add("volume_types", type_))}


def refuse_twin(call: Call, name: str, own_id: str = "") -> None:
    other = call.state.find("volume_types", name=name)
    if other is not None and other["id"] != own_id:
        raise conflict(f"Volume Type {name} already exists.")


def update(call: Call) -> Obj:
    type_, body = fetch_type(call), given(call, "volume_type")
    if body.get("name"):
        refuse_twin(call, body["name"], type_["id"])
    changes = {name: body[name] for name in ("name", "description", "is_public") if body.get(name) is not None}
    call.state.edit("volume_types", type_, **changes)
    return {"volume_type": show_type(call, type_)}


def delete(call: Call) -> Reply:
    type_ = fetch_type(call)
    if any(volume["volume_type_id"] == type_["id"] for volume in call.state.all("volumes")):
        raise bad_request("Target volume type is still in use.")
    call.state.drop("volume_types", type_)
    return Reply(202)


def list_specs(call: Call) -> Obj:
    return {"extra_specs": fetch_type(call)["extra_specs"]}


def set_specs(call: Call) -> Obj:
    type_, specs = fetch_type(call), given(call, "extra_specs")
    call.state.edit("volume_types", type_, extra_specs={**type_["extra_specs"], **specs})
    return {"extra_specs": specs}


def show_spec(call: Call) -> Obj:
    key = call.params["key"]
    specs = fetch_type(call)["extra_specs"]
    if key not in specs:
        raise not_found(f"Volume Type {call.params['id']} has no extra specs with key {key}.")
    return {key: specs[key]}


def delete_spec(call: Call) -> Reply:
    show_spec(call)
    type_ = fetch_type(call)
    kept = {key: value for key, value in type_["extra_specs"].items() if key != call.params["key"]}
    call.state.edit("volume_types", type_, extra_specs=kept)
    return Reply(202)


def list_access(call: Call) -> Obj:
    type_ = fetch_type(call)
    if type_["is_public"]:
        raise not_found("Access list not available for public volume types.")
    return {
        "volume_type_access": [
            {"volume_type_id": type_["id"], "project_id": project_id} for project_id in type_["access"]
        ]
    }


def change_access(call: Call) -> Reply:
    type_ = fetch_type(call)
    name, value = call.action()
    project_id = (value or {}).get("project")
    if name not in OPERATIONS or not project_id:
        raise bad_request(f"There is no such action: {name}.")
    if type_["is_public"]:
        raise conflict("Type access modification is not applicable to public volume type.")
    if name == "addProjectAccess" and project_id in type_["access"]:
        raise conflict(f"Volume type access for {type_['id']} / {project_id} combination already exists.")
    if name == "removeProjectAccess" and project_id not in type_["access"]:
        raise not_found(f"Volume type access not found for {type_['id']} / {project_id} combination.")
    kept = [other for other in type_["access"] if other != project_id]
    added = [project_id] if name == "addProjectAccess" else []
    call.state.edit("volume_types", type_, access=kept + added)
    return Reply(202)


OPERATIONS = {"addProjectAccess": "add_access", "removeProjectAccess": "remove_access"}
