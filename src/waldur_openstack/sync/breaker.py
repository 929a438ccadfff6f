"""The circuit breaker of a cloud. Open, it spares a cloud that does not answer, and the workers that would wait for it.

It shows in the service settings, too: they are ERRED, with the reason, for as long as it is not closed.
"""

from datetime import timedelta

from django.utils import timezone

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import CloudSync

OPENS_AT = 2  # failures in a row; one lost answer is no reason
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)


def is_open(service_settings: ServiceSettings) -> bool:
    sync = CloudSync.objects.filter(service_settings=service_settings).first()
    return sync is not None and sync.breaker == CloudSync.Breaker.OPEN


def succeeded(sync: CloudSync) -> None:
    """The cloud answered: closed."""
    sync.refresh_from_db(fields=["failures", "open_since"])
    if not sync.failures:
        return
    was_open = sync.open_since is not None
    sync.failures, sync.open_since, sync.next_try, sync.reason = 0, None, None, ""
    sync.save(update_fields=["failures", "open_since", "next_try", "reason", "modified"])
    service_settings = ServiceSettings.objects.get(pk=sync.service_settings_id)
    if was_open and service_settings.state == CoreState.ERRED:
        service_settings.enter(CoreState.OK)


def failed(sync: CloudSync, error: OperationError) -> None:
    """The cloud did not answer, or not to us; the pauses grow exponentially."""
    sync.refresh_from_db(fields=["failures", "open_since"])
    sync.failures += 1
    sync.reason = error.message
    if sync.failures >= OPENS_AT:
        now = timezone.now()
        asked = timedelta(seconds=getattr(error, "after", None) or 0)
        sync.open_since = sync.open_since or now
        sync.next_try = now + max(pause(sync.failures - OPENS_AT), asked)
    sync.save(update_fields=["failures", "open_since", "next_try", "reason", "modified"])
    service_settings = ServiceSettings.objects.get(pk=sync.service_settings_id)
    if sync.open_since and service_settings.state in (CoreState.OK, CoreState.ERRED):
        service_settings.enter(CoreState.ERRED, error_message=error.message)


def pause(times: int) -> timedelta:
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(times, 10))
