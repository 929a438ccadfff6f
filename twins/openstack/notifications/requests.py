"""What Neutron says: of each request that changes something when it comes and when it is done, in the words of its API.

Of what follows from it - ports of interfaces and gateways, subnets that go with their network - it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..network.service import RESOURCES
from ..state import Obj
from ..wire import Call, Reply
from .bodies import Said

INTERFACE = {"router.add_interface": "create", "router.remove_interface": "delete"}
NOUNS = {resource.singular: resource for resource in RESOURCES}


def said(event: str, payload: Obj) -> Said:
    return Said("neutron", event, payload, "network.controller")


def at_the_start(call: Call, operation: str) -> Iterator[Said]:
    noun, _, verb = operation.rpartition(".")
    if noun not in NOUNS or verb not in ("create", "update", "delete"):
        return
    if verb == "delete":
        yield said(f"{operation}.start", {f"{noun}_id": call.params["id"]})
    elif isinstance(call.body, dict):
        yield said(f"{operation}.start", {**({"id": call.params["id"]} if verb == "update" else {}), **call.body})


def subject_of(call: Call, operation: str) -> Obj | None:
    """What a request is about to delete."""
    noun, _, verb = operation.rpartition(".")
    if noun not in NOUNS or verb != "delete":
        return None
    found = call.state.get(NOUNS[noun].kind, call.params["id"])
    return NOUNS[noun].present(call, found) if found else None


def at_the_end(call: Call, operation: str, subject: Obj | None, outcome: Any) -> Iterator[Said]:
    answer = outcome.body if isinstance(outcome, Reply) else outcome
    noun, _, verb = operation.rpartition(".")
    if operation in INTERFACE:
        yield said(f"router.interface.{INTERFACE[operation]}", {"router_interface": answer})
    elif subject:
        yield said(f"{operation}.end", {noun: subject, f"{noun}_id": subject["id"]})
    elif noun in NOUNS and verb in ("create", "update"):
        yield said(f"{operation}.end", answer)
