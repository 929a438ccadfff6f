"""Flavors: https://docs.openstack.org/api-ref/compute/#flavors."""

from __future__ import annotations

from .. import paging
from ..errors import bad_request, conflict, not_found
from ..state import Obj, new_id
from ..wire import Call, Reply, Route
from . import view

NOUN = "Flavor {} could not be found."


def show_flavor(call: Call, flavor: Obj) -> Obj:
    shown = {
        "id": flavor["id"],
        "name": flavor["name"],
        "ram": flavor["ram"],
        "disk": flavor["disk"],
        "swap": flavor["swap"] or ("" if call.version < (2, 75) else 0),
        "OS-FLV-EXT-DATA:ephemeral": flavor["ephemeral"],
        "OS-FLV-DISABLED:disabled": flavor["disabled"],
        "vcpus": flavor["vcpus"],
        "os-flavor-access:is_public": flavor["is_public"],
        "rxtx_factor": flavor["rxtx_factor"],
        "links": view.links(call, "flavors", flavor["id"]),
    }
    if call.version >= (2, 55):
        shown["description"] = flavor["description"]
    if call.version >= (2, 61):
        shown["extra_specs"] = flavor["extra_specs"]
    return shown


def visible(call: Call, flavor: Obj) -> bool:
    return flavor["is_public"] or call.is_admin or call.project_id in flavor["access"]


def fetch(call: Call) -> Obj:
    flavor = call.state.get("flavors", call.params["id"])
    if flavor is None or not visible(call, flavor):
        raise not_found(NOUN.format(call.params["id"]))
    return flavor


def listed(call: Call) -> list[Obj]:
    wanted = (call.arg("is_public") or "").lower()
    found = [flavor for flavor in call.state.all("flavors") if visible(call, flavor)]
    if wanted in ("false", "0") and call.is_admin:
        found = [flavor for flavor in found if not flavor["is_public"]]
    elif wanted != "none" or not call.is_admin:
        found = [flavor for flavor in found if flavor["is_public"] or not call.is_admin]
    for name, field in (("minRam", "ram"), ("minDisk", "disk")):
        text = call.arg(name)
        if text is not None:
            if not text.isdigit():
                raise bad_request(f"Invalid {name} filter [{text}]")
            found = [flavor for flavor in found if flavor[field] >= int(text)]
    return found


def answer(call: Call, detailed: bool) -> Obj:
    rows, more = paging.cut(call, listed(call), lambda key: bad_request(f"marker [{key}] not found"))
    body: Obj = {"flavors": [show_flavor(call, row) if detailed else brief(call, row) for row in rows]}
    if more:
        body["flavors_links"] = paging.next_link(call, rows[-1]["id"])
    return body


def brief(call: Call, flavor: Obj) -> Obj:
    shown = {"id": flavor["id"], "name": flavor["name"], "links": view.links(call, "flavors", flavor["id"])}
    if call.version >= (2, 55):
        shown["description"] = flavor["description"]
    return shown


def list_brief(call: Call) -> Obj:
    return answer(call, detailed=False)


def list_detail(call: Call) -> Obj:
    return answer(call, detailed=True)


def show(call: Call) -> Obj:
    return {"flavor": show_flavor(call, fetch(call))}


def create(call: Call) -> Obj:
    body = (call.body or {}).get("flavor") or {}
    for name in ("name", "ram", "vcpus", "disk"):
        if name not in body:
            raise bad_request(
                f"Invalid input for field/attribute flavor. Value: {body}. '{name}' is a required property"
            )
    key = str(body.get("id") or new_id())
    key = new_id() if key == "auto" else key
    for field, value, text in (("id", key, "ID"), ("name", body["name"], "name")):
        if call.state.find("flavors", **{field: value}):
            raise conflict(f"Flavor with {text} {value} already exists.")
    flavor = {
        "id": key,
        "name": body["name"],
        "ram": int(body["ram"]),
        "vcpus": int(body["vcpus"]),
        "disk": int(body["disk"]),
        "swap": int(body.get("swap") or 0),
        "ephemeral": int(body.get("OS-FLV-EXT-DATA:ephemeral") or 0),
        "rxtx_factor": 1.0,
        "is_public": bool(body.get("os-flavor-access:is_public", True)),
        "disabled": False,
        "description": body.get("description"),
        "extra_specs": {},
        "access": [],
    }
    return {"flavor": show_flavor(call, call.state.add("flavors", flavor))}


def delete(call: Call) -> Reply:
    call.state.drop("flavors", fetch(call))
    return Reply(202)


def list_specs(call: Call) -> Obj:
    return {"extra_specs": fetch(call)["extra_specs"]}


def set_specs(call: Call) -> Obj:
    flavor, specs = fetch(call), (call.body or {}).get("extra_specs") or {}
    call.state.edit("flavors", flavor, extra_specs={**flavor["extra_specs"], **specs})
    return {"extra_specs": specs}


def show_spec(call: Call) -> Obj:
    key = call.params["key"]
    specs = fetch(call)["extra_specs"]
    if key not in specs:
        raise not_found(f"Flavor {call.params['id']} has no extra specs with key {key}.")
    return {key: specs[key]}


def delete_spec(call: Call) -> None:
    show_spec(call)
    flavor = fetch(call)
    kept = {key: value for key, value in flavor["extra_specs"].items() if key != call.params["key"]}
    call.state.edit("flavors", flavor, extra_specs=kept)


def list_access(call: Call) -> Obj:
    flavor = fetch(call)
    if flavor["is_public"]:
        raise not_found("Access list not available for public flavors.")
    return {"flavor_access": [{"flavor_id": flavor["id"], "tenant_id": key} for key in flavor["access"]]}


def change_access(call: Call) -> Obj:
    flavor = fetch(call)
    name, value = call.action()
    project_id = (value or {}).get("tenant")
    if name not in OPERATIONS or not project_id:
        raise bad_request(f"There is no such action: {name}")
    kept = [key for key in flavor["access"] if key != project_id]
    added = [project_id] if name == "addTenantAccess" else []
    call.state.edit("flavors", flavor, access=kept + added)
    return list_access(call)


OPERATIONS = {"addTenantAccess": "add_access", "removeTenantAccess": "remove_access"}
ROUTES = [
    Route("GET", "/flavors", "flavor.list", list_brief),
    Route("POST", "/flavors", "flavor.create", create, policy="os_compute_api:os-flavor-manage:create"),
    Route("GET", "/flavors/detail", "flavor.list", list_detail),
    Route("GET", "/flavors/{id}", "flavor.show", show),
    Route("DELETE", "/flavors/{id}", "flavor.delete", delete, policy="os_compute_api:os-flavor-manage:delete"),
    Route("GET", "/flavors/{id}/os-extra_specs", "flavor_spec.list", list_specs),
    Route(
        "POST",
        "/flavors/{id}/os-extra_specs",
        "flavor_spec.create",
        set_specs,
        policy="os_compute_api:os-flavor-extra-specs:create",
    ),
    Route("GET", "/flavors/{id}/os-extra_specs/{key}", "flavor_spec.show", show_spec),
    Route(
        "DELETE",
        "/flavors/{id}/os-extra_specs/{key}",
        "flavor_spec.delete",
        delete_spec,
        policy="os_compute_api:os-flavor-extra-specs:delete",
    ),
    Route(
        "GET",
        "/flavors/{id}/os-flavor-access",
        "flavor_access.list",
        list_access,
        policy="os_compute_api:os-flavor-access",
    ),
    Route(
        "POST",
        "/flavors/{id}/action",
        "flavor.action",
        change_access,
        policy="os_compute_api:os-flavor-access:add_tenant_access",
    ),
]
