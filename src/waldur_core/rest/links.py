"""Links in requests: an object is named by its absolute URL or by its bare uuid."""

from typing import Any, NamedTuple
from urllib.parse import urlparse
from uuid import UUID

from django.http import Http404
from django.urls import Resolver404, resolve


class Link(NamedTuple):
    """What a link leads to; a bare uuid does not say of which model it is."""

    uuid: UUID
    model: Any = None


def parse_link(text: str) -> Link | None:
    """The link, or None when it leads nowhere. Raises ValueError when the text is neither a URL nor a uuid."""
    if "/" not in text:
        return Link(UUID(text))
    try:
        match = resolve(urlparse(text).path)
        queryset = getattr(getattr(match.func, "cls", None), "queryset", None)
        return Link(UUID(match.kwargs["uuid"]), getattr(queryset, "model", None))
    except (Resolver404, Http404, KeyError, ValueError):
        return None
