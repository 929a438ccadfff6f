"""The looks at what is stuck, each at one cloud: one that does not answer delays no other, and is asked later."""

from collections.abc import Callable

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import SyncRun
from waldur_openstack.stuck.objects import resolve_objects
from waldur_openstack.stuck.orphans import DELETING, UPDATING
from waldur_openstack.stuck.tenants import resolve_tenants
from waldur_openstack.sync.errands import Errand, note, told

RESOURCES = "resolve_stuck_resources"
UPDATING_TENANTS = "mark_stuck_updating_tenants_as_erred"
DELETING_TENANTS = "mark_stuck_deleting_tenants_as_erred"


def errand(task: str, work: Callable[[ServiceSettings, SyncRun], None]) -> Errand:
    def look(service: ServiceSettings, run: SyncRun | None = None) -> None:
        with told(service, task, run) as run:
            try:
                work(service, run)
            except OperationError as error:
                note(run, str(service), error)

    return look


def resolve_everything(service: ServiceSettings, run: SyncRun) -> None:
    resolve_tenants(service, run)
    resolve_objects(service, run)


def tenants_in(*states: CoreState) -> Callable[[ServiceSettings, SyncRun], None]:
    return lambda service, run: resolve_tenants(service, run, states)


ERRANDS: dict[str, Errand] = {
    task: errand(task, work)
    for task, work in {
        RESOURCES: resolve_everything,
        UPDATING_TENANTS: tenants_in(*UPDATING),
        DELETING_TENANTS: tenants_in(*DELETING),
    }.items()
}
