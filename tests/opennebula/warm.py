"""Agents that start in a moment: for tests that start a hundred of them. What they are is told in `warm_start`."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.marketplace_site_agent.running import BIN, Agent

PROGRAM = Path(__file__).parent / "warm_start.py"


class Forked:
    """A process that is not our child, as `subprocess` shows one."""

    def __init__(self, pid: int) -> None:
        self.handle = os.pidfd_open(pid)

    def send_signal(self, sig: int, /) -> None:
        signal.pidfd_send_signal(self.handle, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> None:
        if not select.select([self.handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("waldur_site_agent", timeout or 0)
        os.close(self.handle)


@contextmanager
def warm(agent: Agent) -> Iterator[Agent]:
    """Let an agent start by forks from now on."""
    with subprocess.Popen(
        [BIN / "python", PROGRAM], env=agent.environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:

        def start(mode: str) -> Forked:
            assert server.stdin is not None and server.stdout is not None
            server.stdin.write(json.dumps({"mode": mode, "config": str(agent.config), "log": str(agent.log)}) + "\n")
            server.stdin.flush()
            return Forked(int(server.stdout.readline()))

        agent.start = start
        yield agent
        server.stdin.close()
