"""Lists of images: visibility, filters, order, pages."""

from __future__ import annotations

import re

from ..errors import bad_request
from ..state import Obj, newest_first
from ..wire import Call
from .images import VISIBILITIES, show, visible

SORT_KEYS = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")


def list_all(call: Call) -> Obj:
    found = [image for image in newest_first(call.state.all("images")) if listed(call, image)]
    for name, text in call.query:
        if name not in ("limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "visibility"):
            found = [image for image in found if fits(image, name, text)]
    found = sort(call, found)
    limit = page_size(call)
    start, marker = 0, call.arg("marker")
    if marker:
        start = next((place for place, image in enumerate(found) if image["id"] == marker), -1) + 1
        if not start:
            raise bad_request(f"No image found with ID {marker}")
    rows = found[start : start + limit]
    query = call.query_with()
    body: Obj = {
        "images": [show(image) for image in rows],
        "first": "/v2/images" + (f"?{call.query_with(marker='')}".replace("&marker=", "") if query else ""),
        "schema": "/v2/schemas/images",
    }
    if start + limit < len(found) and rows:
        body["next"] = "/v2/images?" + call.query_with(marker=rows[-1]["id"])
    return body


def listed(call: Call, image: Obj) -> bool:
    """Lists leave out hidden images, and community ones unless asked for."""
    wanted = call.arg("visibility")
    if wanted not in (None, "all", *VISIBILITIES):
        raise bad_request(f"Invalid visibility value: {wanted}")
    if image["os_hidden"] != call.flag("os_hidden"):
        return False
    if wanted not in (None, "all"):
        return image["visibility"] == wanted and visible(call, image)
    own = image["owner"] == call.project_id or call.is_admin
    return visible(call, image) and (own or image["visibility"] != "community" or wanted == "all")


def fits(image: Obj, name: str, text: str) -> bool:
    if name == "tag":
        return text in image["tags"]
    if name in ("size_min", "size_max"):
        size = image["size"] or 0
        return size >= int(text) if name == "size_min" else size <= int(text)
    if name == "os_hidden":
        return True
    value = image.get(name, image["properties"].get(name))
    if isinstance(value, bool):
        return value == (text.lower() == "true")
    return str(value) in text.removeprefix("in:").split(",") if text.startswith("in:") else str(value) == text


def sort(call: Call, found: list[Obj]) -> list[Obj]:
    keys = [part.partition(":")[::2] for part in (call.arg("sort") or "").split(",") if part]
    keys = keys or [(key, call.arg("sort_dir") or "desc") for key in call.args("sort_key")]
    for key, _ in keys:
        if key not in SORT_KEYS:
            raise bad_request(f"Invalid sort key: {key}. It must be one of the following: {', '.join(SORT_KEYS)}.")
    for key, direction in reversed(keys):
        found = sorted(found, key=lambda image: str(image.get(key) or ""), reverse=direction != "asc")
    return found


def page_size(call: Call) -> int:
    text = call.arg("limit")
    if text is None:
        return min(25, call.cloud.max_limit)
    if not re.match(r"-?\d+$", text):
        raise bad_request("limit param must be an integer")
    if text.startswith("-"):
        raise bad_request("limit param must be positive")
    return min(int(text), call.cloud.max_limit)
