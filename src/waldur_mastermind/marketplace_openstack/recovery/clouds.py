"""Looking for what was lost in one cloud: first the objects without rows, then the rows without resources."""

import logging

from django.db.models import QuerySet

from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack.recovery.resources import create_missing_resources
from waldur_openstack.models import SyncRun
from waldur_openstack.sync import breaker
from waldur_openstack.sync.block_storage import SNAPSHOT, VOLUME
from waldur_openstack.sync.compute import INSTANCE
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.leases import Busy

logger = logging.getLogger(__name__)

TASK = "lost_resources"
ON_THEIR_OWN = (INSTANCE, VOLUME, SNAPSHOT)


def clouds() -> QuerySet[ServiceSettings]:
    return ServiceSettings.objects.filter(type="OpenStack").exclude(secret_options={}).order_by("pk")


def recover(service: ServiceSettings, run: SyncRun | None = None) -> int:
    """Take in what was made outside, and make the resources that are missing; returns how many.

    A cloud that does not answer, or that somebody else looks at just now, still gets the resources of known objects.
    With a `run`, somebody has asked for it: raises leases.Busy then, to be called again.
    """
    if run or not breaker.is_open(service):
        try:
            run = synchronise(service, ON_THEIR_OWN, full=True, task=TASK, run=run)
        except Busy:
            if run:
                raise
            logger.info("Another worker looks at %s: its lost objects wait for the next time.", service)
    made = create_missing_resources(service_settings=service)
    if made:
        logger.warning("%d resources of %s were missing and have been made.", made, service)
    if made and run:
        run.rows_new += made
        run.details["resource"] = {"seen": made, "changed": 0, "missing": 0, "new": made}
        run.save(update_fields=["rows_new", "details", "modified"])
    return made
