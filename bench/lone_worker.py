"""A worker without a broker: it looks for what is due until somebody kills it."""

import time

import django

django.setup()

from django.utils import timezone  # noqa: E402

from waldur_core.operations.models import Operation  # noqa: E402
from waldur_core.operations.runner import Runner  # noqa: E402

print("ready", flush=True)
while True:
    for operation in Operation.objects.filter(state__in=Operation.LIVE, next_run_at__lte=timezone.now()):
        Runner().advance(operation.uuid.hex)
    time.sleep(0.01)
