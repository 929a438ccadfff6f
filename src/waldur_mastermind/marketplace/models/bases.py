"""What several models of the marketplace share: a backing object, states that change by compare-and-set."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.dispatch import Signal
from django.utils import timezone

from waldur_core.rest.errors import Conflict

# Announced inside the transaction of the change: sender=model, instance, old, new. What agents are told hangs on it.
state_entered = Signal()


class ScopedModel(models.Model):
    """An object with a backing object (`scope`) of any kind. Its uuid is kept when the scope itself is gone."""

    content_type = models.ForeignKey(ContentType, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    object_id = models.PositiveBigIntegerField(null=True, blank=True)
    scope = GenericForeignKey("content_type", "object_id")
    scope_uuid = models.UUIDField(null=True, blank=True, db_index=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.scope_uuid is None and self.object_id is not None:
            scope: Any = self.scope
            self.scope_uuid = scope.uuid
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "scope_uuid"}
        super().save(*args, **kwargs)


class TransitionModel(models.Model):
    """An object with a `state` that is entered only from the states that `allowed` names."""

    state: Any
    allowed: ClassVar[Mapping[str, Iterable[str]]] = {}

    class Meta:
        abstract = True

    def enter(self, new: str, **fields: Any) -> None:
        """Go to `new` if the row, as it is in the database now, may; write `fields` with it. Else Conflict (409)."""
        model: Any = type(self)
        sources = set(self.allowed.get(new, ()))
        fields = {**fields, "state": new, "modified": timezone.now()}
        rows = model._default_manager.filter(pk=self.pk, state=self.state, state__in=sources)
        if self.state not in sources or not rows.update(**fields):
            names = " or ".join(sorted(sources))
            raise Conflict(f"The {model._meta.verbose_name} is {self.state}; this is possible only in {names}.")
        old = self.state
        for name, value in fields.items():
            setattr(self, name, value)
        state_entered.send(sender=model, instance=self, old=old, new=new)
