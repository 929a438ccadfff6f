"""One simulated OpenNebula: its state, its time, its faults, its settings and its log of calls."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from twins.clock import Clock
from twins.faults import Faults

from . import transitions
from .faults import Fault
from .releases import RELEASES, Release
from .seed import plant
from .state import State

SERVICE = "rpc"


@dataclass(frozen=True)
class Settings:
    """What a cloud is started with.

    ``version`` is one of :data:`twins.opennebula.releases.RELEASES`; ``bare`` leaves out what an administrator adds
    after the installation.
    """

    admin_password: str = "opennebula"
    version: str = "7.2.0"
    bare: bool = False
    log_size: int = 20000

    def __post_init__(self) -> None:
        if self.version not in RELEASES:
            raise ValueError(f"unknown version {self.version!r}; known: {', '.join(RELEASES)}")


@dataclass(slots=True)
class LoggedCall:
    """One line of the log; ``status`` is None while the call waits and when its answer never left.

    ``code`` is the error code of a failed call, 0 of a successful one.
    """

    seq: int
    time: float
    operation: str
    path: str
    user: str = ""
    status: int | None = None
    code: int = 0
    changed: bool = False
    lost: bool = False
    bytes_in: int = 0
    bytes_out: int = 0


class Cloud:
    def __init__(self, settings: Settings, latency: str | dict[str, float] = "instant") -> None:
        self.settings = settings
        self.clock = Clock()
        self.faults = Faults(Fault)
        self.latency = transitions.delays(latency)
        self.state = State()
        self.calls: deque[LoggedCall] = deque(maxlen=settings.log_size)
        self.call_count = 0
        plant(self)

    def reset(self) -> None:
        """Back to the seed contents; revision goes on so that persistence notices."""
        revision = self.state.revision
        self.state = State()
        self.state.revision = revision + 1
        plant(self)

    def take_over(self, state: State) -> None:
        """Go on from a saved state."""
        self.state = state

    @property
    def release(self) -> Release:
        return RELEASES[self.settings.version]

    def advance(self) -> None:
        transitions.advance(self)

    def schedule(self, name: str, *args: Any) -> None:
        transitions.schedule(self, name, *args)

    def set_latency(self, profile: str | dict[str, float]) -> None:
        self.latency = transitions.delays(profile)

    def now(self) -> int:
        """Seconds since the epoch, as in STIME and REGTIME."""
        return int(self.clock.now())

    def date(self) -> str:
        """``Fri Nov 20 23:11:31 2026``, as in messages."""
        return time.asctime(time.gmtime(self.now()))

    def log(self, operation: str, path: str, bytes_in: int) -> LoggedCall:
        self.call_count += 1
        entry = LoggedCall(self.call_count, self.clock.now(), operation, path, bytes_in=bytes_in)
        self.calls.append(entry)
        return entry

    def close(self) -> None:
        self.faults.release()
        self.faults.go_light()
