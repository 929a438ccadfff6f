"""Which rows are stuck: in a state of change, and in nobody's hands.

After a database has been restored, or when an operation was lost with its row, nothing would ever move them again.
"""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from waldur_core.events.log import record
from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceResource
from waldur_core.structure.states import CoreState

S = CoreState
CREATING, UPDATING = (S.CREATION_SCHEDULED, S.CREATING), (S.UPDATE_SCHEDULED, S.UPDATING)
DELETING = (S.DELETION_SCHEDULED, S.DELETING)
CHANGING = (*CREATING, *UPDATING, *DELETING)
RECOVERED, TIMED_OUT = "openstack_stuck_resource_recovered", "openstack_stuck_resource_erred"


def after(name: str) -> timedelta:
    """A period of `WALDUR_OPENSTACK["STUCK_MINUTES"]`."""
    return timedelta(minutes=settings.WALDUR_OPENSTACK["STUCK_MINUTES"][name])


def limit_of(row: Any) -> timedelta:
    """How long a row may stay in its state when the cloud does not settle the matter."""
    names = {**dict.fromkeys(CREATING, "creating"), **dict.fromkeys(UPDATING, "updating")}
    return after(names.get(row.state, "deleting"))


def is_overdue(row: Any) -> bool:
    return bool(row.modified < timezone.now() - limit_of(row))


def orphans(model: Any, states: Iterable[CoreState] = CHANGING, **filters: Any) -> list[Any]:
    """Rows that have been in one of `states` for a while, and that no operation speaks of."""
    old = model._default_manager.filter(**filters, state__in=states, modified__lt=timezone.now() - after("look"))
    related = [field.name for field in model._meta.concrete_fields if field.is_relation]
    rows = list(old.select_related(*related).order_by("pk"))
    busy = Work([getattr(row, "project_id", None) for row in rows]) if rows else None
    return [row for row in rows if busy and not busy.concerns(row)]


class Work:
    """What is under way: the subjects of live operations, and every uuid that their parameters and plans name."""

    def __init__(self, projects: Iterable[int | None]) -> None:
        live = Operation.objects.filter(
            Q(project__in=set(projects) - {None}) | Q(project=None), state__in=Operation.LIVE
        )
        operations = list(live.values_list("subject_uuid", "parameters", "plan", "data"))
        self.subjects = {subject for subject, *_ in operations}
        self.named = " ".join(json.dumps(words) for _, *words in operations)

    def concerns(self, row: Any) -> bool:
        """The row itself, or one that it hangs on: the server whose creation makes a volume, too; or the tenant that
        an operation on something else names."""
        return any(uuid in self.subjects or uuid.hex in self.named for uuid in self._hangs_on(row))

    def _hangs_on(self, row: Any) -> set[Any]:
        found = {row.uuid}
        for field in row._meta.concrete_fields:
            end = getattr(row, field.name) if field.is_relation else None
            if isinstance(end, ServiceResource):
                found.add(end.uuid)
                found.add(getattr(getattr(end, "instance", None), "uuid", end.uuid))
        return found


def settle(row: Any, state: CoreState, message: str, **fields: Any) -> bool:
    """The row leaves its state, unless somebody has moved it meanwhile or an operation has taken it up."""
    model = type(row)
    with transaction.atomic():
        same = model._default_manager.select_for_update(of=("self",)).filter(
            pk=row.pk, state=row.state, modified=row.modified
        )
        live = Operation.objects.filter(subject_uuid=row.uuid, state__in=Operation.LIVE)
        if live.exists() or not same.exists():
            return False
        if state == S.ERRED:
            fields["error_message"] = message
        row.enter(state, **fields)
        record(TIMED_OUT if state == S.ERRED else RECOVERED, message, scope=row)
    return True
