"""What OpenNebula did not do, in the agent's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from waldur_site_agent.backend.exceptions import BackendError, BackendNotReadyError, DuplicateResourceError

from .core.errors import CloudError, NameTaken, NotYet, Unreachable


class Taken(DuplicateResourceError):
    """The agent may try another name; the sentence says what is in the way."""

    def __init__(self, resource_id: str, sentence: str) -> None:
        super().__init__(resource_id)
        self.args = (sentence,)


class NotNow(BackendNotReadyError, httpx.TransportError):
    """Leaves an order waiting, and a resource as it is: in membership cycles the agent lets errors of transport pass,
    anything else makes the resource erred."""


@contextmanager
def in_the_agents_words(backend_id: str = "", may_rename: bool = False) -> Iterator[None]:
    """What helps itself later leaves an order waiting, everything else ends it with a sentence.

    Where the agent has no other name to try it would replace the sentence about a taken one with its own.
    """
    try:
        yield
    except (Unreachable, NotYet) as error:
        raise NotNow(str(error)) from error
    except CloudError as error:
        if may_rename and isinstance(error, NameTaken):
            raise Taken(backend_id, str(error)) from error
        raise BackendError(str(error)) from error
