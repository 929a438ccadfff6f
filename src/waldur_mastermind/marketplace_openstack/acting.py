"""Serializers read links as the user of a request; when an order is executed, that user is the one who placed it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ActingAs:
    """Stands where a serializer's context has the request: only its user counts."""

    user: Any
    method: str = "POST"
    query_params: dict[str, Any] = field(default_factory=dict)
