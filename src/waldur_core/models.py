"""Abstract bases that every stored object shares."""

import uuid

from django.db import models


class IdentifiedModel(models.Model):
    """An object of the API: a public `uuid` (32 hex digits on the wire) and the times it was made and changed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class NamedModel(IdentifiedModel):
    """An identified object with a display name and free text."""

    name = models.CharField(max_length=150)
    description = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name
