"""The inspection API of the simulated OpenNebula in Python."""

from __future__ import annotations

from typing import Any

from twins.client import InspectionClient, TwinError

from .errors import INTERNAL

__all__ = ["OpenNebulaTwinClient", "TwinError"]


class OpenNebulaTwinClient(InspectionClient):
    """Talks to ``/_twin`` of the twin at ``base_url`` (``http://127.0.0.1:2633``)."""

    def refuse(self, operation: str, code: int = INTERNAL, message: str = "", **rule: Any) -> int:
        """Let the next call of ``operation`` (``vm.info``) fail with this error code."""
        return self.add_fault("error", operation=operation, code=code, message=message, **rule)

    def id_of(self, kind: str, name: str) -> int:
        """The id of the object of this name: ``id_of("vnets", "external")``."""
        for obj in self.objects(kind).get(kind, []):
            if obj["name"] == name:
                return int(obj["id"])
        raise LookupError(f"the twin has nothing called {name!r} among its {kind}")
