"""SSH keys in Nova for the user of a tenant: made and removed until they are those of the people who may use it."""

from typing import Any

from waldur_core.operations.errors import OperationError
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.keys import LEAVING, OWN_NAME, wake_distribution, wanted_keys
from waldur_openstack.models import KeyDistribution
from waldur_openstack.workflows.context import CloudContext, save
from waldur_openstack.workflows.identity.project import find_user


class KeyContext(CloudContext):
    subject: KeyDistribution


def distribute(context: KeyContext) -> list[str]:
    """Compare with what Nova has, in one listing; returns the names of our key pairs."""
    distribution, tenant = context.subject, context.tenant
    save(distribution, pending=False)  # first: what changes from here on asks for another run
    tenant.refresh_from_db()
    if tenant.state in LEAVING or not tenant.user_id:
        return []
    compute, user = context.admin.compute, tenant.user_id
    wanted = wanted_keys([tenant])[tenant.pk]
    known = {pair["name"] for pair in compute.keypairs_of(user)}
    for name in sorted(known - wanted.keys()):
        if OWN_NAME.match(name):
            compute.delete_keypair_of(user, name)
    for name in sorted(wanted.keys() - known):
        compute.create_keypair_for(user, name, wanted[name])
    return sorted(wanted)


def remove_keys(context: Any) -> None:
    """Nova keeps the key pairs of users who are gone: the user of a tenant leaves none behind.

    One who existed before his tenant was imported stays, and keeps his own.
    """
    user, compute = context.tenant.user_id, context.admin.compute
    names = [pair["name"] for pair in compute.keypairs_of(user)] if user else []
    theirs = [name for name in names if not OWN_NAME.match(name)]
    kept = theirs if theirs and find_user(context) is None else []
    for name in names:
        if name not in kept:
            compute.delete_keypair_of(user, name)


class DistributeKeys(UpdateWorkflow):
    """Runs again when something has changed meanwhile."""

    name = "openstack.tenant.distribute_keys"
    started_by_itself = True
    title = "Distribution of SSH keys to tenant"
    model = KeyDistribution
    context = KeyContext
    steps = (
        Step(
            name="Distribute SSH keys",
            do=distribute,
            record=lambda c, names: save(c.subject, names=names),
            keeps="the next run compares anew",
        ),
    )

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        wake_distribution(context.subject)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        super().fail(context, error, trace)
        wake_distribution(context.subject)
