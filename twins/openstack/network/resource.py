"""What all of Neutron's resources share: a declaration per resource, one engine for all of them.

The engine does list (filters, fields, sorting, paging), show, create (single and bulk), update and delete; a
resource adds hooks for what is its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from ..errors import ApiError, bad_request, conflict, not_found
from ..state import Obj, new_id
from ..wire import Call, Route
from . import listing
from .quotas import check_quota

REQUIRED = object()
MOST_TEXT = 255
UUID = re.compile(r"^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$")
Hook = Callable[[Call, Obj], None]
ALWAYS_SET = ("tenant_id", "project_id")
READ_ONLY = ("id", "status", "created_at", "updated_at", "revision_number", *ALWAYS_SET)


def invalid(message: str) -> ApiError:
    return bad_request(message, "HTTPBadRequest")


@dataclass
class Resource:
    """``fields`` maps each attribute a client may give to its default (or REQUIRED)."""

    path: str
    singular: str
    kind: str
    type: str
    missing: str
    fields: Obj
    fixed: tuple[str, ...] = ()
    admin_fields: tuple[str, ...] = ()
    extra_filters: tuple[str, ...] = ()
    quota: str = ""
    standard: bool = True
    first_revision: int = 0
    shared_by: Callable[[Call, Obj], bool] = lambda call, obj: False
    show: Callable[[Call, Obj], Obj] = lambda call, obj: obj
    prepare: Hook = lambda call, obj: None
    created: Hook = lambda call, obj: None
    update: Callable[[Call, Obj, Obj], None] = lambda call, obj, changes: None
    delete: Hook = lambda call, obj: None
    before_list: Callable[[Call], None] = lambda call: None
    before_many: Callable[[list[Obj]], None] = lambda bodies: None
    more_routes: list[Route] = field(default_factory=list)

    def routes(self) -> list[Route]:
        path, noun = "/" + self.path, self.singular
        return [
            *self.more_routes,
            Route("GET", path, f"{noun}.list", self.handle_list),
            Route("POST", path, f"{noun}.create", self.handle_create, 201),
            Route("GET", path + "/{id}", f"{noun}.show", self.handle_show),
            Route("PUT", path + "/{id}", f"{noun}.update", self.handle_update),
            Route("DELETE", path + "/{id}", f"{noun}.delete", self.handle_delete, 204),
            *(self.tag_routes() if self.standard else []),
        ]

    def tag_routes(self) -> list[Route]:
        path, noun = f"/{self.path}/{{id}}/tags", f"{self.singular}_tag"
        return [
            Route(
                "GET",
                path,
                f"{noun}.list",
                lambda call: {"tags": self.fetch(call, call.params["id"])["tags"]},
            ),
            Route("PUT", path, f"{noun}.replace", self.replace_tags),
            Route("DELETE", path, f"{noun}.clear", self.clear_tags, 204),
            Route("GET", path + "/{tag}", f"{noun}.show", self.show_tag, 204),
            Route("PUT", path + "/{tag}", f"{noun}.create", self.add_tag, 201),
            Route("DELETE", path + "/{tag}", f"{noun}.delete", self.remove_tag, 204),
        ]

    # finding

    def error(self, key: str) -> ApiError:
        return not_found(self.missing.format(id=key), self.type + "NotFound")

    def owned(self, call: Call, obj: Obj) -> bool:
        return call.is_admin or obj["project_id"] == call.project_id

    def visible(self, call: Call, obj: Obj) -> bool:
        return self.owned(call, obj) or self.shared_by(call, obj)

    def fetch(self, call: Call, key: str) -> Obj:
        """An object the caller may see."""
        obj = call.state.get(self.kind, key)
        if obj is None or not self.visible(call, obj):
            raise self.error(key)
        return obj

    def fetch_own(self, call: Call, verb: str) -> Obj:
        """An object the caller may change: visible but foreign ones are forbidden."""
        obj = self.fetch(call, call.params["id"])
        if not self.owned(call, obj):
            raise ApiError(403, f"rule:{verb}_{self.singular} is disallowed by policy", "PolicyNotAuthorized")
        return obj

    def present(self, call: Call, obj: Obj) -> Obj:
        return {**self.show(call, obj), "tenant_id": obj["project_id"]}

    # the five operations

    def handle_list(self, call: Call) -> Obj:
        self.before_list(call)
        return listing.answer(self, call)

    def handle_show(self, call: Call) -> Obj:
        shown = self.present(call, self.fetch(call, call.params["id"]))
        return {self.singular: listing.only(call, shown)}

    def handle_create(self, call: Call) -> Obj:
        body = call.body if isinstance(call.body, dict) else {}
        if self.kind in body:
            made = self.create_many(call, body[self.kind])
            return {self.kind: [self.present(call, obj) for obj in made]}
        if not isinstance(body.get(self.singular), dict):
            raise invalid(f"Unable to find '{self.singular}' in request body")
        return {self.singular: self.present(call, self.create(call, body[self.singular]))}

    def create_many(self, call: Call, bodies: list[Obj]) -> list[Obj]:
        """Bulk create: all or none."""
        if not isinstance(bodies, list) or not bodies:
            raise invalid("Resources required")
        self.before_many(bodies)
        made: list[Obj] = []
        try:
            for body in bodies:
                made.append(self.create(call, body))
        except ApiError:
            for obj in made:
                self.delete(call, obj)
                call.state.drop(self.kind, obj)
            raise
        return made

    def create(self, call: Call, body: Obj) -> Obj:
        obj = self.fill(call, body)
        if self.quota:
            check_quota(call, self.quota, self.kind, obj["project_id"])
        self.prepare(call, obj)
        call.state.add(self.kind, obj)
        self.created(call, obj)
        return obj

    def fill(self, call: Call, body: Obj) -> Obj:
        """A new object from a body: known attributes only, defaults for the rest."""
        self.check_names(body, (*self.fields, *ALWAYS_SET))
        self.check_admin_fields(call, body, "create")
        owner = body.get("project_id") or body.get("tenant_id") or call.project_id
        if owner != call.project_id and not call.is_admin:
            raise invalid(
                "Specifying 'project_id' other than the authenticated project in request is not allowed for "
                "the "
                "current user."
            )
        obj: Obj = {"id": new_id(), "project_id": owner}
        for name, default in self.fields.items():
            if default is REQUIRED and name not in body:
                raise invalid(f"Failed to parse request. Required attribute '{name}' not specified")
            obj[name] = deepcopy(body[name]) if name in body else deepcopy(default)
        if self.standard:
            self.stamp_new(call, obj)
        return obj

    def stamp_new(self, call: Call, obj: Obj) -> None:
        stamp = call.stamp()
        obj["description"] = obj.get("description") or ""
        obj.update(tags=[], created_at=stamp, updated_at=stamp, revision_number=self.first_revision)

    def handle_update(self, call: Call) -> Obj:
        obj = self.fetch_own(call, "update")
        body = (call.body or {}).get(self.singular)
        if not isinstance(body, dict):
            raise invalid(f"Unable to find '{self.singular}' in request body")
        self.check_names(body, (*self.fields, *READ_ONLY))
        self.check_admin_fields(call, body, "update")
        for name in body:
            if name in self.fixed or name in READ_ONLY:
                raise invalid(f"Cannot update read-only attribute {name}")
        changes = deepcopy(body)
        self.update(call, obj, changes)
        self.touch(call, obj, **changes)
        return {self.singular: self.present(call, obj)}

    def handle_delete(self, call: Call) -> None:
        obj = self.fetch_own(call, "delete")
        self.delete(call, obj)
        call.state.drop(self.kind, obj)

    def touch(self, call: Call, obj: Obj, **changes: Any) -> None:
        if self.standard:
            changes |= {"updated_at": call.stamp(), "revision_number": obj["revision_number"] + 1}
        call.state.edit(self.kind, obj, **changes)

    # what is checked

    def check_names(self, body: Obj, known: Iterable[str]) -> None:
        unknown = [name for name in body if name not in known]
        if unknown:
            raise invalid(f"Unrecognized attribute(s) '{', '.join(unknown)}'")
        for name in ("name", "description"):
            text = body.get(name)
            if isinstance(text, str) and len(text) > MOST_TEXT:
                raise invalid(f"Invalid input for {name}. Reason: '{text}' exceeds maximum length of {MOST_TEXT}.")

    def check_admin_fields(self, call: Call, body: Obj, verb: str) -> None:
        if call.is_admin:
            return
        for name in self.admin_fields:
            if body.get(name) not in (None, self.fields[name]):
                rule = f"{verb}_{self.singular}"
                raise ApiError(
                    403,
                    f"(rule:{rule} and rule:{rule}:{name}) is disallowed by policy",
                    "PolicyNotAuthorized",
                )

    # tags

    def replace_tags(self, call: Call) -> Obj:
        tags = list(dict.fromkeys((call.body or {}).get("tags") or []))
        self.touch(call, self.fetch_own(call, "update"), tags=tags)
        return {"tags": tags}

    def clear_tags(self, call: Call) -> None:
        self.touch(call, self.fetch_own(call, "update"), tags=[])

    def show_tag(self, call: Call) -> None:
        if call.params["tag"] not in self.fetch(call, call.params["id"])["tags"]:
            raise not_found(f"Tag {call.params['tag']} could not be found.", "TagNotFound")

    def add_tag(self, call: Call) -> None:
        obj = self.fetch_own(call, "update")
        self.touch(call, obj, tags=list(dict.fromkeys([*obj["tags"], call.params["tag"]])))

    def remove_tag(self, call: Call) -> None:
        self.show_tag(call)
        obj = self.fetch_own(call, "update")
        self.touch(call, obj, tags=[tag for tag in obj["tags"] if tag != call.params["tag"]])


def require_uuid(name: str, value: Any) -> str:
    if not isinstance(value, str) or not UUID.match(value):
        raise invalid(f"Invalid input for {name}. Reason: '{value}' is not a valid UUID.")
    return value


def in_use(type: str, message: str) -> ApiError:
    return conflict(message, type)
