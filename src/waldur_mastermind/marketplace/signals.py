"""What other apps may hear of the marketplace."""

from django.dispatch import Signal

# Plans, limits or usages of resources have changed, or their time has begun or ended: what they cost has changed too.
# Sent in the transaction that wrote it: sender=Resource, resources=[rows].
metered = Signal()
