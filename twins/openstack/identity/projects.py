"""Projects and domains: https://docs.openstack.org/api-ref/identity/v3/#projects."""

from __future__ import annotations

from ..errors import bad_request, conflict, policy_refusal
from ..schema import check_text, invalid
from ..state import Obj, new_hex
from ..wire import Call
from .tokens import own_projects
from .view import fetch, linked, page, wanted

SHOWN = ("id", "name", "domain_id", "description", "enabled", "parent_id", "is_domain", "tags", "options")


def show(call: Call, project: Obj) -> Obj:
    return linked(call, "projects", project)


def given(call: Call, noun: str) -> Obj:
    """The object inside a request's body."""
    body = call.body.get(noun) if isinstance(call.body, dict) else None
    if not isinstance(body, dict):
        raise bad_request(f"'{noun}' is a required property")
    return body


def require_name(noun: str, body: Obj) -> str:
    if "name" not in body:
        raise invalid(noun, body, "'name' is a required property")
    check_text("name", body["name"], most=255 if noun == "user" else 64, least=1)
    return str(body["name"])


def check_tags(tags: list[str]) -> None:
    for place, tag in enumerate(tags):
        check_text(str(place), tag, least=1)
        if "," in tag or "/" in tag:
            raise invalid(str(place), tag, f"'{tag}' does not match '^[^,/]*$'")


def refuse_twins(call: Call, name: str, domain_id: str, own_id: str = "") -> None:
    other = call.state.find("projects", name=name, domain_id=domain_id)
    if other is not None and other["id"] != own_id:
        raise conflict(
            "Conflict occurred attempting to store project - it is not permitted to have two projects with "
            "either the same name or same id in the same domain: "
            f"name is {name}, project id {own_id or new_hex()}."
        )


def create(call: Call) -> Obj:
    body = given(call, "project")
    name = require_name("project", body)
    check_tags(body.get("tags") or [])
    domain_id = body.get("domain_id") or body.get("parent_id") or call.context.domain_id or "default"
    fetch(call, "domains", domain_id, "domain")
    refuse_twins(call, name, domain_id)
    known = {
        "id": new_hex(),
        "name": name,
        "domain_id": domain_id,
        "description": body.get("description") or "",
        "enabled": body.get("enabled", True),
        "parent_id": body.get("parent_id") or domain_id,
        "is_domain": False,
        "tags": list(dict.fromkeys(body.get("tags") or [])),
        "options": body.get("options") or {},
    }
    project = {**{key: value for key, value in body.items() if key not in known}, **known}
    return {"project": show(call, call.state.add("projects", project))}


def list_all(call: Call) -> Obj:
    found = wanted(call, call.state.all("projects"), "name", "domain_id", "enabled", "parent_id", "is_domain")
    for tags in call.args("tags"):
        found = [project for project in found if set(tags.split(",")) <= set(project["tags"])]
    for tags in call.args("tags-any"):
        found = [project for project in found if set(tags.split(",")) & set(project["tags"])]
    return page(call, "projects", (show(call, project) for project in found))


def list_own(call: Call) -> Obj:
    return page(call, "projects", (show(call, project) for project in own_projects(call)))


def visible(call: Call) -> Obj:
    project = fetch(call, "projects", call.params["project_id"], "project")
    if not call.is_admin and project["id"] != call.project_id:
        raise policy_refusal("identity", "identity:get_project")
    return project


def get(call: Call) -> Obj:
    return {"project": show(call, visible(call))}


def update(call: Call) -> Obj:
    project = fetch(call, "projects", call.params["project_id"], "project")
    body = given(call, "project")
    if "name" in body:
        refuse_twins(call, require_name("project", body), project["domain_id"], project["id"])
    changes = {key: value for key, value in body.items() if key not in ("id", "domain_id", "is_domain")}
    call.state.edit("projects", project, **changes)
    extra = {key: value for key, value in project.items() if key not in SHOWN}
    return {"project": show(call, {**project, "extra": extra})}


def delete(call: Call) -> None:
    """The project goes; what it owns in other services stays, as in a real cloud."""
    project = fetch(call, "projects", call.params["project_id"], "project")
    for assignment in list(call.state.where("assignments", "project_id", project["id"])):
        call.state.drop("assignments", assignment)
    call.state.drop("projects", project)


def list_tags(call: Call) -> Obj:
    project = visible(call)
    own = f"{call.base}/v3/projects/{project['id']}/tags"
    return {"tags": project["tags"], "links": {"next": None, "self": own, "previous": None}}


def replace_tags(call: Call) -> Obj:
    project = fetch(call, "projects", call.params["project_id"], "project")
    call.state.edit("projects", project, tags=list(dict.fromkeys((call.body or {}).get("tags") or [])))
    return list_tags(call)


def add_tag(call: Call) -> None:
    project = fetch(call, "projects", call.params["project_id"], "project")
    call.state.edit("projects", project, tags=list(dict.fromkeys([*project["tags"], call.params["tag"]])))


def remove_tag(call: Call) -> None:
    project = fetch(call, "projects", call.params["project_id"], "project")
    kept = [tag for tag in project["tags"] if tag != call.params["tag"]]
    call.state.edit("projects", project, tags=kept)


def list_domains(call: Call) -> Obj:
    found = wanted(call, call.state.all("domains"), "name", "enabled")
    return page(call, "domains", (linked(call, "domains", domain) for domain in found))


def list_own_domains(call: Call) -> Obj:
    return page(call, "domains", [])


def get_domain(call: Call) -> Obj:
    return {"domain": linked(call, "domains", fetch(call, "domains", call.params["domain_id"], "domain"))}


def create_domain(call: Call) -> Obj:
    body = given(call, "domain")
    name = require_name("domain", body)
    if call.state.find("domains", name=name):
        raise conflict(f"Conflict occurred attempting to store domain - Duplicate entry found with name {name}.")
    domain = {
        "id": new_hex(),
        "name": name,
        "description": body.get("description") or "",
        "enabled": body.get("enabled", True),
        "tags": [],
        "options": {},
    }
    return {"domain": linked(call, "domains", call.state.add("domains", domain))}
