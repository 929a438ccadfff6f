"""Faults on demand: rules that make chosen calls or transitions go wrong."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Generic, TypeVar

COMMON_ACTIONS = ("lose_reply", "drop", "delay", "hold_before", "hold_after", "fail")


@dataclass
class Fault:
    """One rule. Empty criteria match everything; ``operation`` and ``transition`` may hold ``*``.

    ``nth`` skips the first n-1 matches; ``times`` is how often the rule then strikes (0: for ever).
    """

    actions: ClassVar[tuple[str, ...]] = COMMON_ACTIONS
    services: ClassVar[tuple[str, ...]] = ()

    action: str
    service: str = ""
    method: str = ""
    path: str = ""
    operation: str = ""
    transition: str = ""
    nth: int = 1
    times: int = 1
    message: str = ""
    seconds: float = 0.0
    id: int = 0
    matched: int = 0
    struck: int = 0

    def __post_init__(self) -> None:
        if self.action not in self.actions:
            raise ValueError(f"unknown action {self.action!r}; known: {', '.join(self.actions)}")
        if self.service and self.service not in self.services:
            raise ValueError(f"unknown service {self.service!r}; known: {', '.join(self.services)}")
        re.compile(self.path)

    def fits(self, service: str, method: str, path: str, operation: str) -> bool:
        return (
            self.action != "fail"
            and self.service in ("", service)
            and self.method.upper() in ("", method)
            and (not self.operation or fnmatchcase(operation, self.operation))
            and (not self.path or re.search(self.path, path) is not None)
        )

    def strikes(self) -> bool:
        """Count one match; True when this one is to go wrong."""
        self.matched += 1
        if self.matched < self.nth or (self.times and self.struck >= self.times):
            return False
        self.struck += 1
        return True


AnyFault = TypeVar("AnyFault", bound=Fault)


@dataclass
class Hold:
    """A call that waits for ``POST /_twin/release``."""

    id: int
    when: str
    operation: str
    method: str
    path: str
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "released"}


class Faults(Generic[AnyFault]):
    """All rules, all calls on hold, and the services that are dark. ``kind`` is the cloud's sort of fault."""

    def __init__(self, kind: type[AnyFault]) -> None:
        self.kind = kind
        self.rules: list[AnyFault] = []
        self.holds: dict[int, Hold] = {}
        self.dark: dict[str, str] = {}
        self.light = asyncio.Event()
        self._last = 0

    def add(self, **rule: Any) -> AnyFault:
        fault = self.kind(**rule)
        fault.id = self._next()
        self.rules.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> None:
        self.rules = [rule for rule in self.rules if fault_id is not None and rule.id != fault_id]

    def show(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self.rules]

    def take(self, service: str, method: str, path: str, operation: str) -> list[AnyFault]:
        """The faults that strike this call. Every rule that fits counts it."""
        if not self.rules:
            return []
        return [rule for rule in self.rules if rule.fits(service, method, path, operation) and rule.strikes()]

    def take_transition(self, name: str) -> AnyFault | None:
        for rule in self.rules:
            if rule.action == "fail" and fnmatchcase(name, rule.transition or "*") and rule.strikes():
                return rule
        return None

    async def hold(self, when: str, operation: str, method: str, path: str) -> None:
        hold = Hold(self._next(), when, operation, method, path)
        self.holds[hold.id] = hold
        try:
            await hold.released.wait()
        finally:
            self.holds.pop(hold.id, None)

    def release(self, hold_id: int | None = None) -> int:
        """Let one held call, or all of them, go on; how many that were."""
        chosen = [hold for hold in self.holds.values() if hold_id in (None, hold.id)]
        for hold in chosen:
            hold.released.set()
        return len(chosen)

    def go_dark(self, service: str, mode: str) -> None:
        """``silent`` accepts connections and never answers; ``refuse`` aborts them."""
        if mode not in ("silent", "refuse"):
            raise ValueError("mode is 'silent' or 'refuse'")
        for name in [service] if service else self.kind.services:
            self.dark[name] = mode

    def go_light(self, service: str = "") -> None:
        for name in [service] if service else list(self.dark):
            self.dark.pop(name, None)
        self.light.set()
        self.light = asyncio.Event()

    async def wait_in_the_dark(self, service: str) -> None:
        """Wait until the service is lit again; the caller's answer is lost all the same."""
        while self.dark.get(service) == "silent":
            await self.light.wait()

    def _next(self) -> int:
        self._last += 1
        return self._last
