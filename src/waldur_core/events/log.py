"""`record` writes an event. Called explicitly, in the transaction of what it tells of."""

import logging
from collections.abc import Iterable
from typing import Any

from waldur_core.events.models import Event
from waldur_core.secrets.redaction import redact

logger = logging.getLogger("waldur.events")


def record(event_type: str, message: str, *, scope: Any = None, actor: Any = None, **context: Any) -> Event:
    """Add an event about `scope`, done by `actor` (a User, or None for the system).

    Project and customer, which decide who may read it, are taken from `scope`; `context` adds plain JSON values.
    """
    event = _event(event_type, message, scope, actor, context)
    event.save(force_insert=True)
    return event


def record_many(entries: Iterable[tuple[str, str, Any]]) -> None:
    """Add events of the system, each (type, message, scope), in one statement."""
    Event.objects.bulk_create([_event(*entry, None, {}) for entry in entries], batch_size=1000)


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
