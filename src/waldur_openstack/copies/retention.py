"""Copies that need not be kept any longer: past their day, or more than their schedule keeps."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from waldur_core.operations.start import start
from waldur_core.operations.workflow import DeleteWorkflow
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.copies.conditions import require_unbound, require_unused
from waldur_openstack.models import Backup, Snapshot
from waldur_openstack.workflows.block_storage import DeleteBackup, DeleteSnapshot

logger = logging.getLogger(__name__)
S = CoreState

# how each kind of copy goes, and what must be so
REMOVAL: dict[Any, tuple[type[DeleteWorkflow], Callable[[Any], None]]] = {
    Snapshot: (DeleteSnapshot, require_unbound),
    Backup: (DeleteBackup, require_unused),
}


def expired(copies: QuerySet[Any]) -> QuerySet[Any]:
    """Those past their day."""
    return copies.filter(kept_until__lte=timezone.now(), state__in=(S.OK, S.ERRED), tenant__state=S.OK)


def delete_expired(copies: QuerySet[Any]) -> int:
    """Begin to delete those past their day; returns how many. Any number of workers may do it at once."""
    past, begun = expired(copies), 0
    for pk in past.values_list("pk", flat=True):
        with transaction.atomic():
            copy = past.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
            begun += copy is not None and _remove(copy)
    return begun


def remove_excess(copies: QuerySet[Any], most: int) -> None:
    """Begin to delete the oldest beyond `most` (0: no limit). One that cannot go now is asked again the next time."""
    kept = copies.exclude(state__in=(S.DELETION_SCHEDULED, S.DELETING)).order_by("-created", "-pk")
    for copy in kept[most:] if most else ():
        _remove(copy)


def _remove(copy: Any) -> bool:
    """Whether its deletion has begun."""
    workflow, condition = REMOVAL[type(copy)]
    try:
        with transaction.atomic():
            condition(copy)
            start(workflow, copy, user=None)
    except Conflict as error:
        logger.info("%s is not deleted now: %s", copy, error.detail)
        return False
    return True
