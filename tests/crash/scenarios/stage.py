"""The people and the cloud that scenarios play on, and how a scenario is written."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.drive import drain
from tests.factories import Cast
from tests.openstack.orders import build_instance, build_tenant, build_volume, operation_of, order_deletion
from tests.openstack.worlds import fill
from twins.openstack import OpenStackTwin
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.operations.workflow import workflow_named
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.workflows.growth import GrowingWorkflow


@dataclass
class Stage:
    """The people and the connected cloud that scenarios play on."""

    cast: Cast
    service: ServiceSettings
    twin: OpenStackTwin
    fresh_cloud: bytes

    def connect(self) -> None:
        """Find the external network; use the account's project, in which Neutron then makes its default group."""
        self.service.secret_options["external_network_id"] = self.twin.client.external_network_id
        self.service.save()
        self.admin.network.list("security_group")

    def empty_cloud(self) -> None:
        """The cloud forgets all that was made in it."""
        self.twin.client.reset()
        fill(self.twin, self.fresh_cloud)
        self.connect()

    @property
    def admin(self) -> Cloud:
        return Cloud.of(self.service)

    def tenant(self) -> Any:
        return build_tenant(self.service, self.cast.project, self.cast.owner)

    def instance(self, **attributes: Any) -> Any:
        return build_instance(self.tenant(), self.cast.owner, **attributes)

    def stopped_instance(self) -> Any:
        instance = self.instance()
        run_workflow(self, instance, "openstack.instance.stop")
        return instance

    def volume(self) -> Any:
        return build_volume(self.tenant(), self.cast.owner)


@dataclass(frozen=True)
class Scenario:
    """`given` is built and finished, once for all tests; `when` schedules the workflow on it, returns the subject."""

    given: Callable[[Stage], Any]
    when: Callable[[Stage, Any], Any]


def begin(name: str, **parameters: Any) -> Callable[[Stage, Any], Any]:
    """Schedule the workflow `name` on what was given."""

    def schedule(stage: Stage, subject: Any) -> Any:
        workflow = type(workflow_named(name))
        ask = workflow.ask if issubclass(workflow, GrowingWorkflow) else partial(start, workflow)
        ask(subject, user=stage.cast.owner, parameters=parameters)
        return subject

    return schedule


def run_workflow(stage: Stage, subject: Any, name: str, **parameters: Any) -> None:
    begin(name, **parameters)(stage, subject)
    drain()
    subject.refresh_from_db()
    assert operation_of(subject).state == Operation.State.DONE


def delete(stage: Stage, subject: Any, **options: Any) -> Any:
    order_deletion(subject, stage.cast.owner, **options)
    return subject


def nothing(_: Stage) -> None: ...
