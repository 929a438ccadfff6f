"""The simulated OpenNebula as a thing to start and stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from twins.runner import Twin, load_certificate

from .client import OpenNebulaTwinClient
from .cloud import Cloud, Settings
from .server import PATH, make_app

ONEADMIN = "oneadmin"


class OpenNebulaTwin(Twin[Cloud]):
    """A simulated cloud on the loopback.

    ``latency`` is a profile's name or seconds per transition; ``state`` a file that survives restarts; ``certfile`` and
    ``keyfile`` make it speak HTTPS. More keywords are fields of :class:`twins.opennebula.cloud.Settings`:
    admin_password, version, bare, log_size.
    """

    def __init__(
        self,
        port: int = 0,
        latency: str | dict[str, float] = "instant",
        state: str | Path | None = None,
        host: str = "127.0.0.1",
        certfile: str | Path | None = None,
        keyfile: str | Path | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(port, host, state, load_certificate(certfile, keyfile))
        self.settings = Settings(**settings)
        self._latency = latency

    @property
    def endpoint(self) -> str:
        return f"{self.base_url}{PATH}"

    @property
    def session(self) -> str:
        """``user:password`` of oneadmin."""
        return f"{ONEADMIN}:{self.settings.admin_password}"

    @property
    def client(self) -> OpenNebulaTwinClient:
        return OpenNebulaTwinClient(self.base_url)

    def make_cloud(self) -> Cloud:
        return Cloud(self.settings, self._latency)

    def make_app(self, cloud: Cloud) -> web.Application:
        return make_app(cloud)
