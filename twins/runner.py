"""Running a twin: inside a test (own thread and event loop) or as the whole process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from aiohttp import web

from .clock import Clock
from .faults import Faults
from .persistence import Keeper


class RunningCloud(Protocol):
    """What a runner does with its cloud."""

    clock: Clock
    faults: Faults[Any]
    state: Any

    def take_over(self, state: Any) -> None: ...

    def close(self) -> None: ...


AnyCloud = TypeVar("AnyCloud", bound=RunningCloud)


class Twin(ABC, Generic[AnyCloud]):
    """A simulated cloud on the loopback; :meth:`make_cloud` and :meth:`make_app` say which."""

    def __init__(
        self, port: int, host: str, state: str | Path | None = None, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self.host = host
        self.port = port
        self.state_file = Path(state) if state is not None else None
        self.ssl_context = ssl_context
        self.cloud: AnyCloud | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None

    @abstractmethod
    def make_cloud(self) -> AnyCloud:
        """The cloud to serve; called once the port is known."""

    @abstractmethod
    def make_app(self, cloud: AnyCloud) -> web.Application:
        """Everything that is served over HTTP."""

    @property
    def base_url(self) -> str:
        return f"{'https' if self.ssl_context else 'http'}://{self.host}:{self.port}"

    def start(self) -> Self:
        """Serve in a thread of its own; returns once connections are accepted."""
        self._ready.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self

    def stop(self) -> None:
        if self._loop is None or self._stopping is None or self._thread is None:
            return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self.serve())
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    def ask_to_stop(self) -> None:
        """From inside the twin's own event loop."""
        if self._stopping is not None:
            self._stopping.set()

    async def started(self) -> None:
        """Wait, in the event loop that serves, until connections are accepted."""
        while not self._ready.is_set():
            await asyncio.sleep(0.01)

    async def serve(self) -> None:
        """Serve until :meth:`stop`, or until the task is cancelled."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        runner, cloud, keeper = await self._open()
        self.cloud = cloud
        if keeper is not None:
            keeper.start()
        self._ready.set()
        try:
            await self._stopping.wait()
        finally:
            cloud.faults.release()
            await runner.cleanup()
            if keeper is not None:
                await keeper.stop()
            cloud.close()

    async def _open(self) -> tuple[web.AppRunner, AnyCloud, Keeper[Any] | None]:
        """Listen first, because the seed contents may follow from the port."""
        listener = socket.create_server((self.host, self.port), backlog=512, reuse_port=False)
        self.port = listener.getsockname()[1]
        cloud = self.make_cloud()
        keeper: Keeper[Any] | None = Keeper(cloud, self.state_file) if self.state_file else None
        if keeper is not None:
            keeper.load()
        runner = web.AppRunner(self.make_app(cloud), access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await runner.setup()
        await web.SockSite(runner, listener, ssl_context=self.ssl_context).start()
        return runner, cloud, keeper


def load_certificate(certfile: str | Path | None, keyfile: str | Path | None) -> ssl.SSLContext | None:
    if certfile is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certfile, keyfile)
    return context
