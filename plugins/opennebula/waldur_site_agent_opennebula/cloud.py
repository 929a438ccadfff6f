"""All that the two sorts of offerings share of one OpenNebula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .core.daemon import Daemon
from .core.keycloak import Keycloak, read_access
from .core.machines import Machines
from .core.pools import Pools
from .core.resizing import Resizing
from .core.restrictions import Restrictions
from .core.vdcs import Vdcs


class Cloud:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.daemon = Daemon(
            str(settings["api_url"]),
            str(settings["credentials"]),
            float(settings.get("request_timeout") or 30),
            bool(settings.get("verify_ssl", True)),
        )
        self.pools = Pools(self.daemon)
        access = read_access(settings)
        self.keycloak = Keycloak(access) if access else None
        self.vdcs = Vdcs(self.daemon, self.pools, self.keycloak)
        self.machines = Machines(self.daemon, self.pools)
        self.resizing = Resizing(self.daemon, self.pools, self.machines)
        self.restrictions = Restrictions(self.daemon, self.pools)
