"""Faults that the simulated OpenNebula knows beside the common ones: answers with an error code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from twins import faults

from .errors import INTERNAL


@dataclass
class Fault(faults.Fault):
    """One rule; ``error`` answers as a failed call does, with ``code``; ``status`` with a bare HTTP status."""

    actions: ClassVar[tuple[str, ...]] = ("error", "status", *faults.COMMON_ACTIONS)
    services: ClassVar[tuple[str, ...]] = ("rpc",)

    code: int = INTERNAL
    status: int = 503

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action in ("error", "fail"):
            self.message = self.message or "Injected fault."
