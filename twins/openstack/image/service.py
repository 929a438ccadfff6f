"""Glance as a service of the twin."""

from __future__ import annotations

from ..service import Service
from ..state import Obj
from ..wire import Call, Reply, Route
from . import data, images, listing, members, schemas

MINORS = (9, 7, 6, 5, 4, 3, 2, 1, 0)


def show_versions(call: Call) -> Reply:
    links = [{"rel": "self", "href": f"{call.base}/image/v2/"}]
    rows = [
        {"id": f"v2.{minor}", "status": "CURRENT" if minor == MINORS[0] else "SUPPORTED", "links": links}
        for minor in MINORS
    ]
    return Reply(300, {"versions": rows})


def show_import(call: Call) -> Obj:
    return {"import-methods": {"description": "Import methods available.", "type": "array", "value": []}}


def show_stores(call: Call) -> Obj:
    return {"stores": [{"id": "file", "default": "true"}]}


def list_tasks(call: Call) -> Obj:
    return {"tasks": [], "first": "/v2/tasks", "schema": "/v2/schemas/tasks"}


ONE = "/v2/images/{id}"
ROUTES = [
    Route("GET", "/", "version.list", show_versions, public=True),
    Route("GET", "/versions", "version.list", show_versions, public=True),
    Route("GET", "/v2/images", "image.list", listing.list_all),
    Route("POST", "/v2/images", "image.create", images.create),
    Route("GET", ONE, "image.show", images.get),
    Route("PATCH", ONE, "image.update", images.patch),
    Route("DELETE", ONE, "image.delete", images.delete, 204),
    Route("PUT", f"{ONE}/file", "image.upload", data.upload, stream=True),
    Route("GET", f"{ONE}/file", "image.download", data.download, stream=True),
    Route("POST", f"{ONE}/actions/deactivate", "image.deactivate", images.deactivate, 204),
    Route("POST", f"{ONE}/actions/reactivate", "image.reactivate", images.reactivate, 204),
    Route("PUT", f"{ONE}/tags/{{tag}}", "image_tag.create", images.add_tag, 204),
    Route("DELETE", f"{ONE}/tags/{{tag}}", "image_tag.delete", images.remove_tag, 204),
    Route("GET", f"{ONE}/members", "image_member.list", members.list_all),
    Route("POST", f"{ONE}/members", "image_member.create", members.create),
    Route("GET", f"{ONE}/members/{{member}}", "image_member.show", members.show),
    Route("PUT", f"{ONE}/members/{{member}}", "image_member.update", members.update),
    Route("DELETE", f"{ONE}/members/{{member}}", "image_member.delete", members.delete, 204),
    Route("GET", "/v2/schemas/image", "schema.show", schemas.show_image),
    Route("GET", "/v2/schemas/images", "schema.show", schemas.show_images),
    Route("GET", "/v2/tasks", "task.list", list_tasks, policy="tasks_api_access"),
    Route("GET", "/v2/info/import", "info.import", show_import),
    Route("GET", "/v2/info/stores", "info.stores", show_stores),
]
SERVICE = Service("image", "/image", ROUTES)
