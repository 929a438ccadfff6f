"""Another flavor for a server."""

from typing import Any

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import Step
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.power import reached
from waldur_openstack.workflows.compute.server import ServerFailed
from waldur_openstack.workflows.growth import GrowingWorkflow

COLUMNS = ("flavor_name", "flavor_disk", "cores", "ram")
WAY_BACK = "the old flavor can be chosen again"


def server_of(context: InstanceContext) -> JSON:
    server = context.cloud.compute.server(context.subject.backend_id)
    if server is None:
        raise NotFound("The server does not exist in the cloud any more.")
    return server


def find_resized(context: InstanceContext) -> JSON | None:
    """The server, when an earlier try has begun the resize, or more."""
    server = server_of(context)
    return server if server["status"] in ("RESIZE", "VERIFY_RESIZE") or has_flavor(context, server) else None


def has_flavor(context: InstanceContext, server: JSON) -> bool:
    """Nova names the flavor by id, from 2.47 on by the name it has."""
    flavor, wanted = server["flavor"], context.parameters
    return bool(flavor.get("id") == wanted["flavor"] or flavor.get("original_name") == wanted["flavor_name"])


def is_resized(context: InstanceContext) -> bool:
    """Whether the server waits for our consent. Back to where it was: no host had room."""
    server = server_of(context)
    status, busy = server["status"], server.get("OS-EXT-STS:task_state")
    if status == "ERROR" or (status == "SHUTOFF" and not busy and not has_flavor(context, server)):
        reason = server.get("fault", {}).get("message", "no reason was given")
        raise ServerFailed(f"The cloud could not resize the server: {reason}")
    return status == "VERIFY_RESIZE" or (not busy and has_flavor(context, server))


def confirm(context: InstanceContext) -> None:
    """Consent, once; clouds may be set to consent by themselves."""
    if server_of(context)["status"] == "VERIFY_RESIZE":
        context.cloud.compute.act(context.subject.backend_id, "confirmResize")


def is_confirmed(context: InstanceContext) -> bool:
    done = bool(reached("SHUTOFF")(context))
    if done:
        ResizeInstance.settle(context)
    return done


class ResizeInstance(GrowingWorkflow):
    """Parameters: flavor (its id in the cloud), flavor_name, flavor_disk, cores, ram."""

    name = "openstack.instance.change_flavor"
    title = "Change of flavor of instance"
    model = Instance
    context = InstanceContext
    event = "resource_change_flavor"
    action = "Change flavor"
    steps = (
        Step(
            name="Resize server",
            do=lambda c: c.cloud.compute.act(c.subject.backend_id, "resize", {"flavorRef": c.parameters["flavor"]}),
            marker=find_resized,
            until=is_resized,
            keeps=WAY_BACK,
            needs="vcpu, ram",
        ),
        Step(name="Confirm resize", do=confirm, until=is_confirmed, keeps=WAY_BACK),
    )

    @staticmethod
    def goal(parameters: dict[str, Any]) -> dict[str, Any]:
        return {name: parameters[name] for name in COLUMNS}

    @staticmethod
    def counts(subject: Any) -> dict[str, int]:
        return quotas.of_instance(subject)
