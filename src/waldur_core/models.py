"""Abstract bases that every stored object shares."""

import uuid
from typing import Any, ClassVar

from django.db import connection, models
from django.utils.text import slugify


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


class SluggedModel(models.Model):
    """A short name for addresses and for back ends, made from the name when none is given.

    Where `slug_is_unique`, a taken one gets a piece of the uuid added: agents name things in their clouds by it.
    """

    slug = models.SlugField(max_length=150, blank=True, default="")

    slug_is_unique: ClassVar[bool] = False

    class Meta:
        abstract = True

    def slug_source(self) -> str:
        return str(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = self._new_slug()
        super().save(*args, **kwargs)

    def _new_slug(self) -> str:
        code = self.uuid.hex[:12]  # type: ignore[attr-defined]
        slug = slugify(self.slug_source())[:130] or code
        return f"{slug}-{code}" if self.slug_is_unique and self._is_taken(slug) else slug

    def _is_taken(self, slug: str) -> bool:
        """Whoever asks for the same slug at the same time waits for our transaction, and then finds it taken."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{self._meta.label}:{slug}"])
        return bool(type(self)._default_manager.filter(slug=slug).exclude(pk=self.pk).exists())
