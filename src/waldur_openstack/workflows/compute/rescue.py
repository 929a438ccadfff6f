"""Rescue: a server boots from another image while its own disk is repaired."""

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.power import REVERSIBLE_BY_USER, change, reached


def find_rescued(context: InstanceContext) -> JSON | None:
    """The server, when an earlier try has begun the rescue, or done it."""
    server = context.cloud.compute.server(context.subject.backend_id)
    if server is None:
        raise NotFound("The server does not exist in the cloud any more.")
    begun = server["status"] == "RESCUE" or server.get("OS-EXT-STS:task_state") == "rescuing"
    return server if begun else None


class RescueInstance(UpdateWorkflow):
    """Parameters: image, its id in the cloud; none for the image that the server was made from."""

    name = "openstack.instance.rescue"
    title = "Rescue of instance"
    model = Instance
    context = InstanceContext
    event = "resource_rescue"
    action = "Rescue"
    steps = (
        Step(
            name="Rescue server",
            do=lambda c: c.cloud.compute.rescue(c.subject.backend_id, c.parameters.get("image", "")),
            marker=find_rescued,
            until=reached("RESCUE"),
            keeps=REVERSIBLE_BY_USER,
        ),
    )


class UnrescueInstance(UpdateWorkflow):
    """The server boots from its own disk again, and is ACTIVE."""

    name = "openstack.instance.unrescue"
    title = "End of rescue of instance"
    model = Instance
    context = InstanceContext
    event = "resource_unrescue"
    action = "Unrescue"
    steps = (
        Step(
            name="Unrescue server",
            do=change("unrescue", None, "ACTIVE"),
            until=reached("ACTIVE"),
            keeps=REVERSIBLE_BY_USER,
        ),
    )
