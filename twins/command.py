"""A twin as a process of its own: the options that each has, and serving until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .runner import Twin


def parser_of(name: str, *, about: str | None, port: int, latencies: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    parser.add_argument("--port", type=int, default=port, help=f"0 chooses a free one (default: {port})")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", metavar="FILE", help="keep the state in this file across restarts")
    parser.add_argument("--latency", choices=sorted(latencies), default="fast", help="how long things take")
    parser.add_argument("--certfile", help="serve HTTPS with this certificate")
    parser.add_argument("--keyfile")
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser


def run(twin: Twin[Any], greeting: Callable[[], str], *, quiet: bool) -> int:
    """Serve until the process is asked to stop; `greeting` is printed once connections are accepted."""
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(twin, None if quiet else greeting))
    except OSError as error:
        print(f"cannot listen on {twin.host}:{twin.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


async def _serve(twin: Twin[Any], greeting: Callable[[], str] | None) -> None:
    task = asyncio.create_task(twin.serve())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, twin.ask_to_stop)
    await asyncio.wait({task, asyncio.create_task(twin.started())}, return_when=asyncio.FIRST_COMPLETED)
    if greeting and not task.done():
        print(greeting(), flush=True)
    await task
