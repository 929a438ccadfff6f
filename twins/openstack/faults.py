"""Faults that the simulated OpenStack knows beside the common ones: answers with a status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from twins import faults

DEFAULT_TEXT = {
    400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    403: "Policy doesn't allow this action to be performed.",
    404: "The resource could not be found.",
    409: "There was a conflict when trying to complete your request.",
    413: "This request was rate-limited.",
    429: "Too many requests. Try again later.",
    500: "Unexpected API Error. Please report this to the service's bug tracker.",
    503: "Service is temporarily unavailable.",
}


@dataclass
class Fault(faults.Fault):
    """One rule; the action ``status`` answers with ``status`` in the service's own error shape, or with ``body``."""

    actions: ClassVar[tuple[str, ...]] = ("status", *faults.COMMON_ACTIONS)
    services: ClassVar[tuple[str, ...]] = ("identity", "compute", "network", "block_storage", "image")

    status: int = 500
    body: Any = None
    retry_after: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action == "fail":
            self.message = self.message or "No valid host was found."
        if self.action == "status":
            self.message = self.message or DEFAULT_TEXT.get(self.status, "Injected fault.")
            if self.status in (413, 429, 503) and self.retry_after is None:
                self.retry_after = 1
