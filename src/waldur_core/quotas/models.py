"""Counters with limits on any object. Change and check are one SQL statement: two orders cannot pass one gap."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

UNLIMITED = -1


class Quota(models.Model):
    """How much of one thing a scope uses, and may use (-1: no limit; 0: none)."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    scope = GenericForeignKey("content_type", "object_id")
    name = models.CharField(max_length=150)
    limit = models.BigIntegerField(default=UNLIMITED)
    usage = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("content_type", "object_id", "name"), name="quota_unique_per_scope"),
        )
