from typing import Any

from django.db import models
from django.db.models import Q

from waldur_core.models import IdentifiedModel


class Category(IdentifiedModel):
    """A shelf of the marketplace. One of them takes private server offerings, one private volume offerings."""

    title = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    default_vm_category = models.BooleanField(default=False)
    default_volume_category = models.BooleanField(default=False)

    class Meta:
        ordering = ("title",)
        verbose_name_plural = "categories"
        constraints = (
            models.UniqueConstraint(
                fields=("default_vm_category",), condition=Q(default_vm_category=True), name="one_vm_category"
            ),
            models.UniqueConstraint(
                fields=("default_volume_category",),
                condition=Q(default_volume_category=True),
                name="one_volume_category",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """Any user may browse."""
        return Q(pk__isnull=False)
