"""What other apps may hear of the marketplace."""

from django.dispatch import Signal

# Plans, limits or usages of resources have changed, or their time has begun or ended: what they cost has changed too.
# Sent in the transaction that wrote it: sender=Resource, resources=[rows],
# and month when it is another than this one.
metered = Signal()

# Rows of resources are about to be removed, with all that was noted of them. Sent in that transaction, before it.
forgotten = Signal()
