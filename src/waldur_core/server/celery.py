"""The Celery application: it carries messages; what they are about stands in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waldur_core.server.settings")

app = Celery("waldur")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def keep_leases(**_: Any) -> None:
    """A worker process renews the leases of what it works on."""
    from waldur_core.operations.leases import keeper

    keeper.start()


@worker_shutdown.connect
def let_leases_go(**_: Any) -> None:
    from waldur_core.operations.leases import keeper

    keeper.stop()
