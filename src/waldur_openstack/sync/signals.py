"""What other apps may hear of a pull."""

from django.dispatch import Signal

# Columns of rows have followed the cloud, their states have not changed. Sent in the transaction that wrote them, once
# per kind: sender=model, instances=[rows].
pulled = Signal()

# What tenants use has been counted anew. Sent in the transaction that wrote it: sender=Tenant, instances=[tenants].
counted = Signal()

# Objects of the cloud have become rows, with all that other tables keep of them to follow. Sent like `pulled`.
taken_in = Signal()

# A cloud offers other items than before, or under other names. Sent in the transaction that wrote them: sender=model,
# service=the service settings.
offer_changed = Signal()
