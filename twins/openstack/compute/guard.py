"""Whether a server may do something now."""

from __future__ import annotations

from ..errors import conflict
from ..state import Obj


def check_state(server: Obj, verb: str, allowed: tuple[str, ...], idle: bool = True) -> None:
    """409 unless the server is in one of the states, and (``idle``) without a task."""
    text = f"Cannot '{verb}' instance {server['id']} while it is in "
    if server["vm_state"] not in allowed:
        raise conflict(f"{text}vm_state {server['vm_state']}")
    if idle and server["task_state"] is not None:
        raise conflict(f"{text}task_state {server['task_state']}")
