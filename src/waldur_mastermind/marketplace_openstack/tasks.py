"""What time itself sets going in the bridge."""

from celery import shared_task

from waldur_mastermind.marketplace_openstack import storage_modes


@shared_task(name="marketplace_openstack.follow_storage_modes", ignore_result=True)
def follow_storage_modes() -> int:
    """Tenants that could not follow their offering at once do so now; returns how many were set going."""
    return storage_modes.follow_all()
