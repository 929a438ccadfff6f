"""Reading many rows for little: a look at a cloud that has not changed consists of nothing else."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Field, Lookup, Model, QuerySet
from django.db.models.base import ModelState

NOT_COMPARED = ("created", "modified", "error_traceback", "user_data", "action_details")


@Field.register_lookup
class AnyOf(Lookup):
    """`name__any_of=values`: as `in`, but one parameter however many values there are; a thousand cost milliseconds."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", [*parameters, list(self.rhs)]


def light(queryset: QuerySet[Any]) -> Iterator[Any]:
    """The rows as objects, made without `Model.__init__`, which takes most of the time; what is never compared comes
    when it is asked for."""
    model = queryset.model
    names = [field.attname for field in model._meta.concrete_fields if field.attname not in NOT_COMPARED]
    for values in queryset.values_list(*names):
        yield made(model, zip(names, values, strict=True))


def made(model: type[Model], columns: Iterable[tuple[str, Any]]) -> Any:
    row: Any = model.__new__(model)
    state = ModelState()
    state.adding, state.db = False, "default"
    row.__dict__.update(columns, _state=state)
    return row
