"""What happens later by itself: a heap of due transitions inside the state, advanced before every request.

A transition is a plain function ``(cloud, *args)`` registered under a name; its optional failure is what
happens instead when a fault rule says that the next one fails.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .clock import Clock
from .faults import Faults
from .state import State

Step = Callable[..., None]
Delays = Mapping[str, float]


class TimedCloud(Protocol):
    """What the timetable needs of a cloud; ``latency`` is seconds per transition (``*`` is the rest)."""

    clock: Clock
    faults: Faults[Any]
    latency: Delays

    @property
    def state(self) -> State: ...


class Timetable:
    """The transitions of one sort of cloud, and its latency profiles."""

    def __init__(self, profiles: dict[str, dict[str, float]]) -> None:
        self.profiles = profiles
        self._do: dict[str, Step] = {}
        self._fail: dict[str, Step] = {}

    def transition(self, name: str) -> Callable[[Step], Step]:
        """Register what the transition ``name`` does."""

        def register(step: Step) -> Step:
            self._do[name] = step
            return step

        return register

    def failure(self, *names: str) -> Callable[[Step], Step]:
        """Register what happens when the transitions ``names`` fail; the last argument is the fault's message."""

        def register(step: Step) -> Step:
            self._fail.update(dict.fromkeys(names, step))
            return step

        return register

    def delays(self, profile: str | Delays) -> Delays:
        """A latency profile by name, or one given as seconds per transition (``*`` is the rest)."""
        if not isinstance(profile, str):
            return {"*": 0.0, **{name: float(value) for name, value in profile.items()}}
        if profile not in self.profiles:
            raise ValueError(f"unknown latency profile {profile!r}; known: {', '.join(self.profiles)}")
        return self.profiles[profile]

    def schedule(self, cloud: TimedCloud, name: str, *args: Any) -> None:
        """Let the transition ``name`` happen after the delay of the present latency profile."""
        self.schedule_in(cloud, cloud.latency.get(name, cloud.latency["*"]), name, *args)

    def schedule_in(self, cloud: TimedCloud, delay: float, name: str, *args: Any) -> None:
        state = cloud.state
        heapq.heappush(state.timers, [cloud.clock.now() + delay, state.next_number(), name, list(args)])
        state.revision += 1

    def advance(self, cloud: TimedCloud) -> None:
        """Run everything that is due, including what becomes due meanwhile."""
        timers = cloud.state.timers
        while timers and timers[0][0] <= cloud.clock.now():
            _, _, name, args = heapq.heappop(timers)
            fault = cloud.faults.take_transition(name) if name in self._fail else None
            if fault is None:
                self._do[name](cloud, *args)
            else:
                self._fail[name](cloud, *args, fault.message)
