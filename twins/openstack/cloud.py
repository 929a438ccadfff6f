"""One simulated cloud: its state, its time, its faults, its settings and its log of calls."""

from __future__ import annotations

import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twins.clock import Clock
from twins.faults import Faults

from . import transitions
from .faults import Fault
from .seed import plant
from .state import State

if TYPE_CHECKING:
    from .notifications import Emitter


@dataclass(frozen=True)
class Settings:
    """What a cloud is started with."""

    region: str = "RegionOne"
    admin_password: str = "secret"
    external_cidr: str = ""
    token_ttl: float = 86400.0
    max_limit: int = 1000
    log_size: int = 20000
    broker: str = ""  # URL of a RabbitMQ for notifications
    exchange_prefix: str = ""


@dataclass(slots=True)
class LoggedCall:
    """One line of the log; ``status`` is None while the call waits and when its answer never left."""

    seq: int
    time: float
    service: str
    method: str
    path: str
    operation: str
    mutating: bool
    status: int | None = None
    changed: bool = False
    lost: bool = False


class Cloud:
    def __init__(
        self, settings: Settings, latency: str | dict[str, float] = "instant", image_room: Path | None = None
    ) -> None:
        self.settings = settings
        self.clock = Clock()
        self.faults = Faults(Fault)
        self.latency = transitions.delays(latency)
        self.emitter = emitter_of(settings)
        self.state = State()
        self.calls: deque[LoggedCall] = deque(maxlen=settings.log_size)
        self.call_count = 0
        self.max_limit = settings.max_limit
        self.image_room = image_room
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        plant(self)

    @property
    def state(self) -> State:
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        state.watcher = self.emitter.notice if self.emitter else None

    def reset(self) -> None:
        """Back to the seed contents; revision goes on so that persistence notices."""
        revision = self.state.revision
        self.forget_images()
        self.state = State()
        self.state.revision = revision + 1
        plant(self)

    def take_over(self, state: State) -> None:
        """Go on from a saved state."""
        self.forget_images()
        self.state = state

    def advance(self) -> None:
        transitions.advance(self)

    def schedule(self, name: str, *args: Any) -> None:
        transitions.schedule(self, name, *args)

    def set_latency(self, profile: str | dict[str, float]) -> None:
        self.latency = transitions.delays(profile)

    def log(self, service: str, method: str, path: str, operation: str, mutating: bool) -> LoggedCall:
        self.call_count += 1
        entry = LoggedCall(self.call_count, self.clock.now(), service, method, path, operation, mutating)
        self.calls.append(entry)
        return entry

    def image_file(self, image_id: str) -> Path:
        """Where an image's bytes lie: beside the state file, or in a scratch room that goes with the twin."""
        if self.image_room is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="twin-images-")
            self.image_room = Path(self._scratch.name)
        self.image_room.mkdir(parents=True, exist_ok=True)
        return self.image_room / image_id

    def forget_images(self) -> None:
        """Remove the bytes of all images, before another state takes this one's place."""
        for image in self.state.all("images"):
            self.image_file(image["id"]).unlink(missing_ok=True)

    def close(self) -> None:
        self.faults.release()
        self.faults.go_light()
        if self.emitter is not None:
            self.emitter.close()
        if self._scratch is not None:
            self._scratch.cleanup()


def emitter_of(settings: Settings) -> Emitter | None:
    """Only who wants notifications needs kombu."""
    if not settings.broker:
        return None
    from .notifications import Emitter

    return Emitter(settings.broker, settings.exchange_prefix)
