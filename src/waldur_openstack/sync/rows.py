"""Reading many rows for little: a look at a cloud that has not changed consists of nothing else."""

from collections.abc import Callable, Iterator, Sequence
from json import JSONDecoder
from typing import Any

from django.db.models import Field, JSONField, Lookup, Model, QuerySet, TextField
from django.db.models.base import ModelState
from django.db.models.functions import Cast

NOT_COMPARED = ("created", "modified", "error_traceback", "user_data", "action_details")
EMPTY: dict[str | None, Callable[[], Any]] = {None: lambda: None, "[]": list, "{}": dict}

WORDS = "_words"
decode = JSONDecoder().raw_decode


@Field.register_lookup
class AnyOf(Lookup):
    """`name__any_of=values`: as `in`, but one parameter however many values there are; a thousand cost milliseconds."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", [*parameters, list(self.rhs)]


def light(queryset: QuerySet[Any], words: Sequence[str] = ()) -> Iterator[Any]:
    """The rows as objects, made without `Model.__init__`, which takes most of the time; what is never compared comes
    when it is asked for. `words` are columns of related rows, for `words_of`."""
    model = queryset.model
    fields = [field for field in model._meta.concrete_fields if field.attname not in NOT_COMPARED]
    structured = [field.attname for field in fields if isinstance(field, JSONField)]
    names = [field.attname for field in fields if field.attname not in structured]
    texts = [Cast(name, TextField()) for name in structured]
    end = len(names) + len(structured)
    for values in queryset.values_list(*names, *texts, *words):
        columns = dict(zip(names, values, strict=False))  # the texts and words are left over
        for name, text in zip(structured, values[len(names) : end], strict=True):
            columns[name] = decoded(text)
        if words:
            columns[WORDS] = tuple([word or "" for word in values[end:]])
        yield made(model, columns)


def words_of(row: Any) -> tuple[str, ...] | None:
    """By which words the row refers to others, when they were read with it."""
    found: tuple[str, ...] | None = row.__dict__.get(WORDS)
    return found


def decoded(text: str | None) -> Any:
    """As a JSONField does it, which looks for white space around."""
    if text is None or text == "[]" or text == "{}":
        return EMPTY[text]()
    return decode(text)[0]


def made(model: type[Model], columns: dict[str, Any]) -> Any:
    row: Any = model.__new__(model)
    state = ModelState()
    state.adding, state.db = False, "default"
    columns["_state"] = state
    row.__dict__ = columns
    return row
