"""What users decide about a drift: to take the cloud's word, or to have the cloud do as declared."""

from typing import Any

from django.db import transaction

from waldur_core.events.log import record
from waldur_core.operations.models import Operation
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.drift.reverting import reverter_of
from waldur_openstack.models import Drift


def adopt(drift: Drift, *, user: Any) -> None:
    """What is observed is what is declared from now on. The row says it already."""
    require_open(drift)
    record("openstack_drift_adopted", f"The {drift} was adopted as the cloud has it.", scope=drift, actor=user)
    drift.delete()


@transaction.atomic
def revert(drift: Drift, *, user: Any) -> Operation:
    """Schedule what makes the cloud say what was declared; the drift goes when it has succeeded.

    Raises Conflict (409) with the reason where that is impossible, ValidationError (400) when a quota is too small.
    """
    require_open(drift)
    row = drift.subject
    if row is None or drift.field == Drift.PRESENCE:
        raise Conflict(f"{drift.object_name or drift.backend_id} is gone from the cloud: make it anew, or adopt that.")
    if row.state not in (CoreState.OK, CoreState.ERRED):
        raise Conflict(f"{row} is {row.state}; this is possible only in ERRED or OK.")
    reverter = reverter_of(drift.kind, drift.field)
    if reverter is None:
        raise Conflict(f"The {drift} cannot be changed once it exists: adopt it, or make the object anew.")
    operation = reverter(row, drift.declared, user)
    drift.state, drift.error_message = Drift.State.REVERTING, ""
    drift.save(update_fields=["state", "error_message", "modified"])
    record("openstack_drift_revert_scheduled", f"The {drift} is being reverted.", scope=drift, actor=user)
    return operation


def require_open(drift: Drift) -> None:
    if drift.state != Drift.State.OPEN:
        raise Conflict("The drift is being reverted. Wait until that has ended.")
