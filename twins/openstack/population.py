"""A large cloud from a small one: a project with everything in it, copied many times, straight into the state."""

from __future__ import annotations

import json
import re

from .state import HIDDEN, Obj, State, new_hex, new_id

NOT_IN_PROJECTS = (*HIDDEN, "users", "roles", "domains", "flavors", "volume_types", "images")


def ids_of(state: State) -> set[str]:
    """What exists, to tell later what is new."""
    return {str(key) for objects in state.kinds.values() for key in objects}


def multiply(state: State, before: set[str], project_id: str, copies: int) -> list[str]:
    """Copy what is new since `before`, the project and all that is in it; returns the ids of the new projects.

    All ids that occur anywhere in the copied objects are replaced, so that a copy refers to itself.
    """
    original = {
        kind: [obj for key, obj in objects.items() if str(key) not in before]
        for kind, objects in state.kinds.items()
        if kind not in NOT_IN_PROJECTS or kind == "allocations"
    }
    text = json.dumps(original)
    old = {str(obj["id"]) for kind, objects in original.items() for obj in objects if kind != "allocations"}
    plain = {key for key in old if re.fullmatch(r"[0-9a-f-]{32,36}", key)}
    pattern = re.compile("|".join(sorted(map(re.escape, plain), key=len, reverse=True)))
    made = []
    for number in range(copies):
        names = {key: new_id() if "-" in key else new_hex() for key in plain}
        copied: dict[str, list[Obj]] = json.loads(pattern.sub(lambda found: names[found[0]], text))  # noqa: B023
        for kind, objects in copied.items():
            for obj in objects:
                if kind == "projects":
                    obj["name"] = f"{obj['name']}-{number}"
                state.add(kind, obj)
        made.append(names[project_id])
    return made
