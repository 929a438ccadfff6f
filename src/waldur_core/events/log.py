"""`record` writes one event, `record_all` many. Called explicitly, in the transaction of what they tell of."""

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from waldur_core.events.models import Event
from waldur_core.secrets.redaction import redact

logger = logging.getLogger("waldur.events")


class Line(NamedTuple):
    """What `record_all` is to write of one scope."""

    event_type: str
    message: str
    scope: Any = None


def record(event_type: str, message: str, *, scope: Any = None, actor: Any = None, **context: Any) -> Event:
    """Add an event about `scope`, done by `actor` (a User, or None for the system).

    Project and customer, which decide who may read it, are taken from `scope`; `context` adds plain JSON values.
    """
    event = _event(event_type, message, scope, actor, context)
    event.save(force_insert=True)
    return event


def record_all(lines: Iterable[Line], *, actor: Any = None) -> list[Event]:
    """Add many events in one statement."""
    events = [_event(line.event_type, line.message, line.scope, actor, {}) for line in lines]
    return Event.objects.bulk_create(events) if events else []


def _event(event_type: str, message: str, scope: Any, actor: Any, context: dict[str, Any]) -> Event:
    project = _related(scope, "project", "structure.Project")
    customer = _related(scope, "customer", "structure.Customer") or getattr(project, "customer", None)
    provider = getattr(getattr(scope, "offering", None), "customer", None)
    impersonator = getattr(actor, "impersonator", None)
    named = {
        "project": project,
        "customer": customer,
        "resource": scope,
        "user": actor,
        "impersonator": impersonator,
    }
    names = {key: value for key, obj in named.items() for key, value in _names(key, obj).items()}
    message = redact(message)
    logger.info("%s: %s", event_type, message)
    return Event(
        event_type=event_type,
        message=message,
        context={**names, **context},
        scope_uuid=getattr(scope, "uuid", None),
        user=actor if getattr(actor, "pk", None) else None,
        project=project,
        customer=customer,
        provider=provider,
    )


def _related(scope: Any, name: str, label: str) -> Any:
    return scope if getattr(getattr(scope, "_meta", None), "label", "") == label else getattr(scope, name, None)


def _names(key: str, obj: Any) -> dict[str, str]:
    if obj is None or not hasattr(obj, "uuid"):
        return {}
    label = getattr(obj, "name", None) or getattr(obj, "username", "")
    return {f"{key}_uuid": obj.uuid.hex, f"{key}_name": str(label)}
