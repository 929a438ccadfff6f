"""The core state machine (states-and-flows §1). A change of state is one compare-and-set; a forbidden one is a 409."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.dispatch import Signal
from django.utils import timezone

from waldur_core.rest.errors import Conflict

# Announced inside the transaction of the change: sender=model, instance, old, new. The seam between apps that must not
# import each other; nothing else may hide in it.
state_changed = Signal()
# What `enter_many` announces, once for all: sender=model, instances, new.
states_changed = Signal()


class CoreState(models.TextChoices):
    CREATION_SCHEDULED = "CREATION_SCHEDULED"
    CREATING = "CREATING"
    UPDATE_SCHEDULED = "UPDATE_SCHEDULED"
    UPDATING = "UPDATING"
    DELETION_SCHEDULED = "DELETION_SCHEDULED"
    DELETING = "DELETING"
    OK = "OK"
    ERRED = "ERRED"


S = CoreState
ANY = frozenset(S)

# The words of the 2024 API, still accepted in filters.
HISTORIC_NAMES = {state.value.replace("_", " ").title(): state.value for state in S} | {"OK": "OK"}

# new state: the states it may be entered from
ALLOWED: dict[CoreState, frozenset[CoreState]] = {
    S.CREATION_SCHEDULED: frozenset({S.ERRED}),  # a failed creation is tried again
    S.CREATING: frozenset({S.CREATION_SCHEDULED}),
    S.UPDATE_SCHEDULED: frozenset({S.OK, S.ERRED}),
    S.UPDATING: frozenset({S.UPDATE_SCHEDULED}),
    S.DELETION_SCHEDULED: frozenset({S.OK, S.ERRED}),
    S.DELETING: frozenset({S.DELETION_SCHEDULED}),
    S.OK: ANY,
    S.ERRED: ANY,
}


class StatefulModel(models.Model):
    """An object with a core state and the error that explains ERRED."""

    state = models.CharField(
        max_length=20, choices=CoreState.choices, default=CoreState.CREATION_SCHEDULED, db_index=True
    )
    error_message = models.TextField(blank=True, default="")
    error_traceback = models.TextField(blank=True, default="")

    class Meta:
        abstract = True

    def enter(self, new: CoreState, **fields: Any) -> None:
        """Go to `new` if the row, as it is in the database now, may; write `fields` with it; announce it.

        Raises Conflict (409), naming the states that would allow it.
        """
        model, old = type(self), CoreState(self.state)
        if new in (S.OK, S.CREATION_SCHEDULED):
            fields = {"error_message": "", "error_traceback": "", **fields}
        fields = {**fields, "state": new, "modified": timezone.now()}
        rows = model._default_manager.filter(pk=self.pk, state=old, state__in=ALLOWED[new])
        if old not in ALLOWED[new] or not rows.update(**fields):
            allowed = " or ".join(sorted(ALLOWED[new]))
            raise Conflict(f"{model._meta.verbose_name} {self} is {old}; this is possible only in {allowed}.")
        _write(self, fields)
        state_changed.send(sender=model, instance=self, old=old, new=new)


def enter_many(rows: Mapping[Any, str], **fields: Any) -> None:
    """Rows of one model become ERRED with these messages and `fields`, or OK where the message is empty.

    Allowed from anywhere; the caller holds their locks. A constant number of statements.
    """
    failed, well = [row for row in rows if rows[row]], [row for row in rows if not rows[row]]
    for row in failed:
        _write(row, {**fields, "error_message": rows[row], "state": S.ERRED, "modified": timezone.now()})
    recovered = {"error_message": "", "error_traceback": "", "state": S.OK, "modified": timezone.now()}
    for row in well:
        _write(row, recovered)
    if failed:
        model: Any = type(failed[0])
        model._default_manager.bulk_update(failed, [*fields, "error_message", "state", "modified"], batch_size=500)
        states_changed.send(sender=model, instances=failed, new=S.ERRED)
    if well:
        model = type(well[0])
        model._default_manager.filter(pk__in=[row.pk for row in well]).update(**recovered)
        states_changed.send(sender=model, instances=well, new=S.OK)


def _write(row: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def require_state(*states: CoreState) -> Any:
    """A precondition for views: the object is in one of `states`, else 409."""

    def check(obj: StatefulModel) -> None:
        if obj.state not in states:
            raise Conflict(f"The state is {obj.state}; this is possible only in {' or '.join(states)}.")

    check.states = states  # type: ignore[attr-defined]
    return check


def require_runtime_state(*states: str) -> Any:
    """A precondition for views: the cloud reports one of `states`, else 409."""

    def check(obj: Any) -> None:
        if obj.runtime_state not in states:
            raise Conflict(f"The runtime state is {obj.runtime_state or 'unknown'}; it must be {' or '.join(states)}.")

    check.runtime_states = states  # type: ignore[attr-defined]
    return check
