"""The audit log: what happened, to what, by whom."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Event(models.Model):
    """One line of the audit log. It outlives the objects it speaks of: their uuids and names stand in `context`."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    event_type = models.CharField(max_length=100, db_index=True)
    message = models.TextField()
    context = models.JSONField(default=dict)
    scope_uuid = models.UUIDField(null=True, db_index=True, help_text="The object the event is about.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    project = models.ForeignKey("structure.Project", null=True, on_delete=models.SET_NULL, related_name="+")
    customer = models.ForeignKey("structure.Customer", null=True, on_delete=models.SET_NULL, related_name="+")
    provider = models.ForeignKey("structure.Customer", null=True, on_delete=models.SET_NULL, related_name="+")

    visible_through: ClassVar = ("project", "customer", "provider")

    class Meta:
        ordering = ("-created", "-pk")

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """What one did oneself."""
        return Q(user_id=user.pk) if user.pk else Q(pk__in=())
