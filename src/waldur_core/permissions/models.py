"""Roles (named sets of permission strings) and their grants to users on a customer, project or offering."""

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from waldur_core.models import IdentifiedModel


class Role(IdentifiedModel):
    """A named set of permission strings that can be granted on one type of scope."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=2000, blank=True, default="")
    scope_type = models.CharField(max_length=50, help_text="customer, project or offering")
    permissions = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    is_system_role = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """Every user knows what roles there are."""
        return Q() if user.is_authenticated else Q(pk__in=())


class UserRoleQuerySet(models.QuerySet["UserRole"]):
    def active(self) -> "UserRoleQuerySet":
        """Grants in force now: not revoked, not expired, of a role that is not disabled."""
        # the clock of the database: a queryset made at import time must not remember the time of the import
        unexpired = Q(expiration_time=None) | Q(expiration_time__gt=Now())
        return self.filter(unexpired, is_active=True, role__is_active=True)


class UserRole(IdentifiedModel):
    """One grant. A revoked grant stays, inactive, as history."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    scope = GenericForeignKey("content_type", "object_id")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    expiration_time = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    objects: Any = UserRoleQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role", "content_type", "object_id"),
                condition=Q(is_active=True),
                name="one_active_grant_per_user_role_and_scope",
            ),
        )
        indexes = (models.Index(fields=("content_type", "object_id")),)
