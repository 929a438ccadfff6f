"""Rows that an operation on a server needs, and that nobody else may take meanwhile: they are UPDATING, then OK."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState


def reserve(model: Any, uuids: Iterable[str], **free: Any) -> None:
    """409 unless all of them are OK and `free`."""
    wanted = list(uuids)
    rows = model.objects.filter(uuid__in=wanted, state=CoreState.OK, **free)
    if wanted and rows.update(state=CoreState.UPDATING) != len(wanted):
        name = model._meta.verbose_name
        raise Conflict(f"A {name} that is wanted is in use, or another operation is at work on it.")


def give_back(model: Any, uuids: Iterable[str]) -> None:
    """Those that are still reserved are OK again."""
    model.objects.filter(uuid__in=list(uuids), state=CoreState.UPDATING).update(state=CoreState.OK)


def require_all(model: Any, uuids: Iterable[str]) -> QuerySet[Any]:
    """The rows; 409 when one of them has been deleted since the operation failed."""
    wanted = list(uuids)
    rows: QuerySet[Any] = model.objects.filter(uuid__in=wanted)
    if rows.count() != len(wanted):
        raise Conflict(f"A {model._meta.verbose_name} of this operation has been deleted: it cannot be tried again.")
    return rows
