"""Running a twin: inside a test (own thread and event loop) or as the whole process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from .client import TwinClient
from .cloud import Cloud, Settings
from .persistence import Keeper
from .server import make_app


def external_cidr(port: int) -> str:
    """A /16 for floating IPs that differs from port to port, so that two twins do not share addresses."""
    return f"10.{100 + port % 100}.0.0/16"


class OpenStackTwin:
    """A simulated cloud on the loopback.

    ``latency`` is a profile's name or seconds per transition; ``state`` a file that survives restarts;
    ``ssl_context`` (or ``certfile`` and ``keyfile``) makes it speak HTTPS. More keywords are fields of
    :class:`twins.openstack.cloud.Settings`: admin_password, external_cidr, token_ttl, max_limit, log_size.
    """

    def __init__(
        self,
        port: int = 0,
        region: str = "RegionOne",
        latency: str | dict[str, float] = "instant",
        state: str | Path | None = None,
        host: str = "127.0.0.1",
        ssl_context: ssl.SSLContext | None = None,
        certfile: str | Path | None = None,
        keyfile: str | Path | None = None,
        **settings: Any,
    ) -> None:
        self.host = host
        self.port = port
        self.state_file = Path(state) if state is not None else None
        self.ssl_context = ssl_context or load_certificate(certfile, keyfile)
        self.settings = Settings(region=region, **settings)
        self._latency = latency
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self.cloud: Cloud | None = None

    @property
    def base_url(self) -> str:
        return f"{'https' if self.ssl_context else 'http'}://{self.host}:{self.port}"

    @property
    def auth_url(self) -> str:
        return f"{self.base_url}/v3"

    @property
    def client(self) -> TwinClient:
        return TwinClient(self.base_url)

    def start(self) -> Self:
        """Serve in a thread of its own; returns once connections are accepted."""
        self._ready.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name="openstack-twin", daemon=True)
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

    async def _open(self) -> tuple[web.AppRunner, Cloud, Keeper | None]:
        """Listen first, because the addresses of the external network follow from the port."""
        listener = socket.create_server((self.host, self.port), backlog=512, reuse_port=False)
        self.port = listener.getsockname()[1]
        settings = self.settings
        if settings.external_cidr == "":
            settings = replace(settings, external_cidr=external_cidr(self.port))
        cloud = Cloud(settings, self._latency, self._image_room())
        keeper = Keeper(cloud, self.state_file) if self.state_file else None
        if keeper is not None:
            keeper.load()
        runner = web.AppRunner(make_app(cloud), access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await runner.setup()
        await web.SockSite(runner, listener, ssl_context=self.ssl_context).start()
        return runner, cloud, keeper

    def _image_room(self) -> Path | None:
        return self.state_file.with_name(self.state_file.name + ".images") if self.state_file else None


def load_certificate(certfile: str | Path | None, keyfile: str | Path | None) -> ssl.SSLContext | None:
    if certfile is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certfile, keyfile)
    return context
