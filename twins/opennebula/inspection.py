"""What tests see and steer of the simulated OpenNebula beside the common paths."""

from __future__ import annotations

from typing import Any

from twins import inspection
from twins.inspection import Row

from .cloud import Cloud
from .kinds import VM
from .state import HIDDEN, Obj
from .vm.states import is_done

HELP = {
    **inspection.HELP,
    "GET /_twin/objects[?kind=]": "all that exists, by kind: id, name, uid, gid; machines that are DONE are left out",
    "POST /_twin/faults": "add a rule: action plus operation (vm.info, template.*, …), transition, nth, times, "
    "message, code, status, seconds",
}


def show_help(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    return {"what": "the inspection API of a simulated OpenNebula", "paths": HELP}


def show_objects(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    wanted = query.get("kind")
    return {
        kind: [brief(obj) for obj in objects.values() if kind != VM.name or not is_done(obj)]
        for kind, objects in cloud.state.kinds.items()
        if kind not in HIDDEN and wanted in (None, kind)
    }


def brief(obj: Obj) -> Obj:
    return {"id": obj["id"], "name": obj.get("name", ""), "uid": obj.get("uid"), "gid": obj.get("gid")}


ROWS: tuple[Row, ...] = (
    ("GET", "/_twin", show_help),
    ("GET", "/_twin/", show_help),
    ("GET", "/_twin/objects", show_objects),
)
