"""Agents that die at a chosen change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from waldur_site_agent_opennebula.cloud import Cloud

READS = ("info", "infoextended", "version")


class Death(BaseException):
    """The process ends here; nothing of it gets to clean up."""


def dying(cloud: Cloud, at: int, before: bool) -> Cloud:
    """This agent dies before or after its ``at``-th change."""
    once: Callable[..., Any] = cloud.daemon.once
    seen = 0

    def die(method: str, *arguments: Any) -> Any:
        nonlocal seen
        seen += method.split(".")[-1] not in READS
        if seen == at and before:
            raise Death
        answer = once(method, *arguments)
        if seen == at:
            raise Death
        return answer

    cloud.daemon.once = die  # type: ignore[method-assign]
    return cloud


def lives_through(action: Callable[[], object]) -> bool:
    try:
        action()
    except Death:
        return False
    return True
