"""A lease on a cloud: two workers never look at the same one at once; that of a dead worker ends by itself."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from waldur_core.operations.leases import LeaseLost
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import CloudSync


class Busy(Exception):
    """Another worker is at it."""


class CloudLease:
    """Held; `renew` before each piece of work."""

    def __init__(self, sync: CloudSync, token: uuid.UUID) -> None:
        self.sync = sync
        self._mine = CloudSync.objects.filter(pk=sync.pk, lease_token=token)

    def renew(self) -> None:
        """Raises LeaseLost when we were silent for so long that another has taken over."""
        if not self._mine.update(lease_until=timezone.now() + length()):
            raise LeaseLost(str(self.sync))

    def let_go(self) -> None:
        self._mine.update(lease_token=None, lease_until=None)


def length() -> timedelta:
    """Longer than a call to a cloud may take."""
    return timedelta(seconds=settings.WALDUR_OPENSTACK["SYNC_LEASE_SECONDS"])


@contextmanager
def leased(service_settings: ServiceSettings) -> Iterator[CloudLease]:
    """The lease on a cloud; raises Busy when somebody else has it."""
    sync, _ = CloudSync.objects.get_or_create(service_settings=service_settings)
    now, token = timezone.now(), uuid.uuid4()
    free = CloudSync.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=sync.pk)
    if not free.update(lease_token=token, lease_until=now + length()):
        raise Busy(str(sync))
    lease = CloudLease(sync, token)
    try:
        yield lease
    finally:
        lease.let_go()
