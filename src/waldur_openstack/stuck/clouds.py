"""Checks of connections that were interrupted are made again."""

from waldur_core.operations.start import start
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.stuck.orphans import orphans, settle
from waldur_openstack.workflows.connection import CheckConnection


def resolve_connections() -> int:
    """Returns how many checks were started."""
    started = 0
    for service in orphans(ServiceSettings):
        if service.type == "OpenStack" and settle(
            service, CoreState.ERRED, "The check of the connection was interrupted."
        ):
            start(CheckConnection, service, user=None)
            started += 1
    return started
