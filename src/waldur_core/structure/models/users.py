import uuid
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """A person or a script. `is_staff` may do everything, `is_support` may read everything."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    modified = models.DateTimeField(auto_now=True)
    is_support = models.BooleanField(default=False)
    native_name = models.CharField(max_length=100, blank=True, default="")
    job_title = models.CharField(max_length=120, blank=True, default="")
    organization = models.CharField(max_length=255, blank=True, default="")
    phone_number = models.CharField(max_length=255, blank=True, default="")
    description = models.CharField(max_length=2000, blank=True, default="")
    preferred_language = models.CharField(max_length=10, blank=True, default="")
    token_lifetime = models.PositiveIntegerField(
        null=True, blank=True, default=3600, help_text="Seconds a token lives after its last use; null: for ever."
    )

    impersonator: "User | None" = None  # during a request: the member of staff who acts as this user

    class Meta:
        ordering = ("username",)

    @property
    def full_name(self) -> str:
        return self.get_full_name()

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """Oneself, and the people one shares a customer or project with."""
        from waldur_core.structure.teams import teammates

        return Q(pk=user.pk) | Q(pk__in=teammates(user))
