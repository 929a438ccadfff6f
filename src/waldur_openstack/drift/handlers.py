"""When an operation of ours has ended, what its object says is what its user wants."""

from typing import Any

from django.dispatch import receiver

from waldur_core.structure.states import CoreState, state_changed
from waldur_openstack.drift.aspects import word_of
from waldur_openstack.drift.recording import follow_users


@receiver(state_changed)
def follow_operations(sender: type, instance: Any, old: str, new: str, **_: Any) -> None:
    """Only updates change what is declared; a pull leaves rows that say what was observed."""
    if old == CoreState.UPDATING and new in (CoreState.OK, CoreState.ERRED) and word_of(sender):
        follow_users(instance, instance.error_message if new == CoreState.ERRED else "")
