"""One question to a cloud, and what came of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from waldur_core.operations.errors import OperationError


class Skipped(Exception):
    """The question makes no sense in this cloud, for this reason."""


@dataclass(frozen=True)
class Outcome:
    """`state` is `ok`, `failed` or `skipped`."""

    service: str
    what: str
    state: str
    text: str
    seconds: float

    @property
    def is_bad(self) -> bool:
        return self.state == "failed"

    def __str__(self) -> str:
        return f"{self.state.upper():8}{self.service}: {self.what}: {self.text} ({self.seconds:.2f} s)"


Question = Callable[[], str]  # raises OperationError or Skipped; returns what was seen


def ask(service: str, what: str, question: Question) -> Outcome:
    begun, state = time.monotonic(), "ok"
    try:
        text = question()
    except OperationError as error:
        state, text = "failed", error.message
    except Skipped as reason:
        state, text = "skipped", str(reason)
    return Outcome(service, what, state, text, time.monotonic() - begun)
