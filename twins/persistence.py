"""The state as a JSON file: loaded at start, written when it changed (not too often) and at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from .clock import Clock
from .state import State

PAUSE = 0.5
AnyState = TypeVar("AnyState", bound=State)


class KeptCloud(Protocol[AnyState]):
    """What is kept of a cloud: its state and its time."""

    clock: Clock
    state: AnyState

    def take_over(self, state: AnyState) -> None: ...


class Keeper(Generic[AnyState]):
    """Keeps one cloud's state in one file. Writing is atomic: a new file takes the old one's place."""

    def __init__(self, cloud: KeptCloud[AnyState], path: Path) -> None:
        self.cloud = cloud
        self.path = path
        self._saved = -1
        self._task: asyncio.Task[None] | None = None

    def load(self) -> None:
        """Take over what the file holds; without a file the seed contents stay."""
        if not self.path.exists():
            return
        state = type(self.cloud.state)()
        saved = json.loads(self.path.read_text())
        state.load(saved)
        self.cloud.take_over(state)
        self.cloud.clock.offset = saved.get("clock_offset", 0.0)
        self._saved = state.revision

    def save(self) -> None:
        if self._saved == self.cloud.state.revision:
            return
        self._saved = self.cloud.state.revision
        fresh = self.path.with_name(self.path.name + ".new")
        saved = {**self.cloud.state.dump(), "clock_offset": self.cloud.clock.offset}
        fresh.write_text(json.dumps(saved))
        fresh.replace(self.path)

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep_saving())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.save()

    async def _keep_saving(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            self.save()
