"""Metadata and tags of a server: https://docs.openstack.org/api-ref/compute/#server-metadata-servers-metadata."""

from __future__ import annotations

from ..errors import bad_request, forbidden, not_found
from ..state import Obj
from ..wire import Call, Reply, Route
from .lifecycle import touch
from .quotas import limits
from .servers import fetch


def check_items(call: Call, server: Obj, metadata: Obj) -> Obj:
    """Nova's quota `metadata_items`, and its schema."""
    for key, value in metadata.items():
        for text in (key, value):
            if not isinstance(text, str) or len(text) > 255:
                raise bad_request(f"Invalid input for field/attribute {key}. Value: {value}. '{text}' is too long")
    most = limits(call, server["project_id"])["metadata_items"]
    if 0 <= most < len(metadata):
        raise forbidden(f"Maximum number of metadata items exceeds {most}")
    return metadata


def given(call: Call, noun: str) -> Obj:
    body = call.body.get(noun) if isinstance(call.body, dict) else None
    if not isinstance(body, dict):
        raise bad_request(f"'{noun}' is a required property")
    return body


def list_all(call: Call) -> Obj:
    return {"metadata": fetch(call)["metadata"]}


def merge(call: Call) -> Obj:
    server = fetch(call)
    merged = {**server["metadata"], **given(call, "metadata")}
    touch(call.cloud, server, metadata=check_items(call, server, merged))
    return {"metadata": server["metadata"]}


def replace(call: Call) -> Obj:
    server = fetch(call)
    touch(call.cloud, server, metadata=check_items(call, server, dict(given(call, "metadata"))))
    return {"metadata": server["metadata"]}


def show_item(call: Call) -> Obj:
    metadata, key = fetch(call)["metadata"], call.params["key"]
    if key not in metadata:
        raise not_found("Metadata item was not found")
    return {"meta": {key: metadata[key]}}


def set_item(call: Call) -> Obj:
    server, meta = fetch(call), given(call, "meta")
    if list(meta) != [call.params["key"]]:
        raise bad_request("Request body and URI mismatch")
    touch(call.cloud, server, metadata={**server["metadata"], **meta})
    return {"meta": meta}


def drop_item(call: Call) -> None:
    show_item(call)
    server = fetch(call)
    kept = {key: value for key, value in server["metadata"].items() if key != call.params["key"]}
    touch(call.cloud, server, metadata=kept)


def list_tags(call: Call) -> Obj:
    return {"tags": fetch(call)["tags"]}


def replace_tags(call: Call) -> Obj:
    server = fetch(call)
    touch(call.cloud, server, tags=list(dict.fromkeys((call.body or {}).get("tags") or [])))
    return {"tags": server["tags"]}


def add_tag(call: Call) -> Reply:
    server, tag = fetch(call), call.params["tag"]
    known = tag in server["tags"]
    touch(call.cloud, server, tags=list(dict.fromkeys([*server["tags"], tag])))
    return Reply(204 if known else 201)


def remove_tag(call: Call) -> None:
    server, tag = fetch(call), call.params["tag"]
    if tag not in server["tags"]:
        raise not_found(f"Server {server['id']} has no tag '{tag}'")
    touch(call.cloud, server, tags=[other for other in server["tags"] if other != tag])


ROUTES = [
    Route("GET", "/servers/{id}/metadata", "server_metadata.list", list_all),
    Route("POST", "/servers/{id}/metadata", "server_metadata.create", merge),
    Route("PUT", "/servers/{id}/metadata", "server_metadata.replace", replace),
    Route("GET", "/servers/{id}/metadata/{key}", "server_metadata.show", show_item),
    Route("PUT", "/servers/{id}/metadata/{key}", "server_metadata.update", set_item),
    Route("DELETE", "/servers/{id}/metadata/{key}", "server_metadata.delete", drop_item, 204),
    Route("GET", "/servers/{id}/tags", "server_tag.list", list_tags),
    Route("PUT", "/servers/{id}/tags", "server_tag.replace", replace_tags),
    Route("PUT", "/servers/{id}/tags/{tag}", "server_tag.create", add_tag),
    Route("DELETE", "/servers/{id}/tags/{tag}", "server_tag.delete", remove_tag, 204),
]
