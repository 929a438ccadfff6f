"""What happens later by itself: a heap of due transitions inside the state, advanced before every request.

A transition is a plain function ``(cloud, *args)`` registered under a name; its optional failure is what
happens instead when a fault rule says that the next one fails.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cloud import Cloud

Step = Callable[..., None]
DO: dict[str, Step] = {}
FAIL: dict[str, Step] = {}

PROFILES: dict[str, dict[str, float]] = {
    "instant": {"*": 0.0},
    "fast": {"*": 0.03},
    "real": {
        "*": 1.0,
        "server.build": 6.0,
        "server.resize": 8.0,
        "server.reboot": 3.0,
        "server.delete": 2.0,
        "volume.create": 1.5,
        "volume.retype": 3.0,
        "backup.create": 4.0,
        "backup.restore": 4.0,
    },
}


def transition(name: str) -> Callable[[Step], Step]:
    """Register what the transition ``name`` does."""

    def register(step: Step) -> Step:
        DO[name] = step
        return step

    return register


def failure(*names: str) -> Callable[[Step], Step]:
    """Register what happens when the transitions ``names`` fail; the last argument is the fault's message."""

    def register(step: Step) -> Step:
        FAIL.update(dict.fromkeys(names, step))
        return step

    return register


def delays(profile: str | dict[str, float]) -> dict[str, float]:
    """A latency profile by name, or one given as seconds per transition (``*`` is the rest)."""
    if isinstance(profile, dict):
        return {"*": 0.0, **{name: float(value) for name, value in profile.items()}}
    if profile not in PROFILES:
        raise ValueError(f"unknown latency profile {profile!r}; known: {', '.join(PROFILES)}")
    return PROFILES[profile]


def schedule(cloud: Cloud, name: str, *args: Any) -> None:
    """Let the transition ``name`` happen after the delay of the present latency profile."""
    schedule_in(cloud, cloud.latency.get(name, cloud.latency["*"]), name, *args)


def schedule_in(cloud: Cloud, delay: float, name: str, *args: Any) -> None:
    state = cloud.state
    heapq.heappush(state.timers, [cloud.clock.now() + delay, state.next_number(), name, list(args)])
    state.revision += 1


def advance(cloud: Cloud) -> None:
    """Run everything that is due, including what becomes due meanwhile."""
    timers = cloud.state.timers
    while timers and timers[0][0] <= cloud.clock.now():
        _, _, name, args = heapq.heappop(timers)
        fault = cloud.faults.take_transition(name) if name in FAIL else None
        if fault is None:
            DO[name](cloud, *args)
        else:
            FAIL[name](cloud, *args, fault.message)
