"""Rows whose object the cloud does not have any more."""

from datetime import datetime
from typing import Any

from waldur_core.structure.states import CoreState, enter_many
from waldur_openstack.drift.recording import note_gone
from waldur_openstack.removal import Removal
from waldur_openstack.sync.following import tell, untouched
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.sync.scope import Scope


def let_go(kind: Kind, scope: Scope, rows: list[Any], moment: datetime) -> list[Any]:
    """Drop the rows of sub-resources; the others stay, ERRED, until the cloud shows them again or somebody acts.

    Returns those it was about.
    """
    lost = [row for row in rows if not is_given_up(kind, row)]
    free = untouched(lost, None, moment)
    lost = [row for row in lost if row.pk in free]
    scope.introduce(lost)
    if kind.sub_resource:
        return drop(kind, lost)
    enter_many({row: kind.gone_message(row) for row in lost}, **kind.gone_columns)
    note_gone(kind.word, lost)
    return lost


def is_given_up(kind: Kind, row: Any) -> bool:
    """Whether it was said already that the object is gone."""
    said = (row.state, row.error_message) == (CoreState.ERRED, kind.gone_message(row))
    return not kind.sub_resource and said


def drop(kind: Kind, rows: list[Any]) -> list[Any]:
    """All at once, unless something is at work inside one of them: that one stays."""
    if not rows:
        return []
    removal = Removal(rows)
    if removal.operation():
        return [row for row in rows if dropped(kind, row)]
    tell(kind, "cleaned", [(row, kind.gone_message(row)) for row in rows])
    note_gone(kind.word, rows, dropped=True)
    removal.carry_out()
    return rows


def dropped(kind: Kind, row: Any, subject: Any = None) -> bool:
    """Drop a row, what hangs on it, and their quotas; False when something else is at work inside, so that it stays."""
    removal = Removal([row])
    if removal.operation(but=subject):
        return False
    tell(kind, "cleaned", [(row, kind.gone_message(row))])
    note_gone(kind.word, [row], dropped=True)
    removal.carry_out()
    return True
