"""What the marketplace announces beyond changes of state (`models.bases.state_entered`), for whoever runs resources."""

from django.dispatch import Signal

# Inside the transaction of the change, on the consumer's or the platform's side: sender=Resource, resource
resource_changed = Signal()
