"""What time itself sets going in the bridge (seed: Marketplace OpenStack Tasks).

Each task may run at any hour, any number of times, in any number of workers.
"""

from celery import shared_task

from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack import storage_modes
from waldur_mastermind.marketplace_openstack.recovery import clouds, metadata, terminations
from waldur_openstack.sync.plans import spread

MOST_WAITING = 3600.0  # seconds that a message to look at a cloud may wait; the next one is on its way


@shared_task(name="marketplace_openstack.create_resources_for_lost_instances_and_volumes")
def create_resources_for_lost_instances_and_volumes() -> int:
    """Look at every cloud, each in a task of its own, so that none waits for another; returns how many clouds."""
    uuids = [uuid.hex for uuid in clouds.clouds().values_list("uuid", flat=True)]
    for uuid in uuids:
        recover_cloud.delay(uuid)
    return len(uuids)


@shared_task(name="marketplace_openstack.recover_cloud")
def recover_cloud(service_uuid: str) -> int:
    """Take in what was made outside in one cloud, and make the missing resources; returns how many."""
    service = ServiceSettings.objects.filter(uuid=service_uuid).first()
    return clouds.recover(service) if service else 0


@shared_task(name="marketplace_openstack.refresh_instance_backend_metadata")
def refresh_instance_backend_metadata() -> int:
    """Bring up to date what resources say of their servers; returns how many had to be written."""
    return sum(metadata.refresh_servers(service) for service in ServiceSettings.objects.filter(type="OpenStack"))


@shared_task(name="marketplace_openstack.end_stuck_terminations")
def end_stuck_terminations() -> int:
    """End orders to terminate that nobody works on, as the clouds say, each in a message of its own; returns how many
    of clouds that are gone have ended."""
    spread(terminations.TASK, MOST_WAITING)
    return terminations.end_those_of_no_cloud()


@shared_task(name="marketplace_openstack.follow_storage_modes", ignore_result=True)
def follow_storage_modes() -> int:
    """Tenants that could not follow their offering at once do so now; returns how many were set going."""
    return storage_modes.follow_all()
