"""The simulated OpenStack as a thing to start and stop."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from twins.runner import Twin, load_certificate

from .client import TwinClient
from .cloud import Cloud, Settings
from .server import make_app


def external_cidr(port: int) -> str:
    """A /16 for floating IPs that differs from port to port, so that two twins do not share addresses."""
    return f"10.{100 + port % 100}.0.0/16"


class OpenStackTwin(Twin[Cloud]):
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
        super().__init__(port, host, state, ssl_context or load_certificate(certfile, keyfile))
        self.settings = Settings(region=region, **settings)
        self._latency = latency

    @property
    def auth_url(self) -> str:
        return f"{self.base_url}/v3"

    @property
    def client(self) -> TwinClient:
        return TwinClient(self.base_url)

    def make_cloud(self) -> Cloud:
        """The addresses of the external network follow from the port."""
        settings = self.settings
        if settings.external_cidr == "":
            settings = replace(settings, external_cidr=external_cidr(self.port))
        return Cloud(settings, self._latency, self._image_room())

    def make_app(self, cloud: Cloud) -> web.Application:
        return make_app(cloud)

    def _image_room(self) -> Path | None:
        return self.state_file.with_name(self.state_file.name + ".images") if self.state_file else None
