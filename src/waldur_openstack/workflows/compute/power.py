"""Start, stop and restart of servers."""

from typing import Any

from waldur_core.operations.errors import CloudConflict, NotFound
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.models import Instance
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.server import ServerFailed, record_server

REVERSIBLE_BY_USER = "the opposite action is the user's to take"


def reached(status: str) -> Any:
    """A condition: Nova reports `status` and is not busy."""

    def condition(context: InstanceContext) -> bool:
        server = context.cloud.compute.server(context.subject.backend_id)
        if server is None:
            raise NotFound("The server does not exist in the cloud any more.")
        if server["status"] == "ERROR":
            raise ServerFailed("The cloud reports the server in state ERROR.")
        done = server["status"] == status and not server.get("OS-EXT-STS:task_state")
        if done:
            record_server(context.subject, server)
        return bool(done)

    return condition


def change(action: str, argument: Any, goal: str) -> Any:
    """Ask Nova for `action`; a server that is where it should be already needs nothing."""

    def do(context: InstanceContext) -> None:
        try:
            context.cloud.compute.act(context.subject.backend_id, action, argument)
        except CloudConflict:
            if action == "reboot" or not reached(goal)(context):
                raise

    return do


class StartInstance(UpdateWorkflow):
    name = "openstack.instance.start"
    title = "Start of instance"
    model = Instance
    context = InstanceContext
    event = "resource_start"
    action = "Start"
    steps = (
        Step(
            name="Start server",
            do=change("os-start", None, "ACTIVE"),
            until=reached("ACTIVE"),
            keeps=REVERSIBLE_BY_USER,
        ),
    )


class StopInstance(UpdateWorkflow):
    name = "openstack.instance.stop"
    title = "Stop of instance"
    model = Instance
    context = InstanceContext
    event = "resource_stop"
    action = "Stop"
    steps = (
        Step(
            name="Stop server",
            do=change("os-stop", None, "SHUTOFF"),
            until=reached("SHUTOFF"),
            keeps=REVERSIBLE_BY_USER,
        ),
    )


class RestartInstance(UpdateWorkflow):
    name = "openstack.instance.restart"
    title = "Restart of instance"
    model = Instance
    context = InstanceContext
    event = "resource_restart"
    action = "Restart"
    steps = (
        Step(
            name="Restart server",
            do=change("reboot", {"type": "SOFT"}, "ACTIVE"),
            until=reached("ACTIVE"),
            keeps="a restarted server has restarted",
        ),
    )
