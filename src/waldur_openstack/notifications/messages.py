"""oslo.messaging's form of a notification (https://docs.openstack.org/oslo.messaging/latest/reference/notifier.html)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 1024 * 1024  # bytes; what is longer is no notification that we could use


class MalformedError(ValueError):
    """What was received is no notification."""


@dataclass(frozen=True)
class Notification:
    event_type: str  # such as instance.create.end
    payload: Mapping[str, Any]


def parse(body: bytes | str | memoryview) -> Notification:
    """The notification in a message: version 2 wraps it in an envelope, as text; before, it was the message itself."""
    if len(body) > LONGEST:
        raise MalformedError(f"The message is longer than {LONGEST} bytes.")
    message = _object(bytes(body) if isinstance(body, memoryview) else body)
    if "oslo.message" in message:
        inner = message["oslo.message"]
        if not isinstance(inner, str):
            raise MalformedError("The envelope holds no text.")
        message = _object(inner)
    event_type, payload = message.get("event_type"), message.get("payload")
    if not isinstance(event_type, str) or not isinstance(payload, dict):
        raise MalformedError("The message has no event_type or no payload.")
    return Notification(event_type, payload)


def _object(text: bytes | str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("The message is not JSON.") from error
    if not isinstance(found, dict):
        raise MalformedError("The message is no object.")
    return found
