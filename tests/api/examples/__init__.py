"""One example object per model of the API, for the permission matrix. Each app adds its own in a module of its own.

    @example_of(Volume)
    def volume(cast: Cast) -> Volume:
        return make_volume(project=cast.project)

`seen_by` names the people of the cast who may see it (staff and support always do); by default the project's team.
A view set that shows fewer names its own people in `in_views`. `new` is a body that makes another one, `made_on` the
scopes of the cast on which a role with the right permission allows it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.factories import Cast
from waldur_core.permissions.access import Access

TEAM = frozenset({"member", "admin", "manager", "owner"})
EVERYBODY = TEAM | {"stranger", "provider_owner"}
Body = Callable[[Cast], dict[str, Any]]


@dataclass(frozen=True)
class Example:
    build: Callable[[Cast], Any]
    seen_by: frozenset[str]
    new: Body | None
    made_on: tuple[str, ...]
    in_views: Mapping[str, frozenset[str]]


EXAMPLES: dict[str, Example] = {}
PASSES: dict[type[Access], frozenset[str]] = {}  # rules of apps: who of the cast satisfies them on the example


def example_of(
    model: Any,
    *,
    seen_by: frozenset[str] = TEAM,
    new: Body | None = None,
    made_on: tuple[str, ...] = ("project", "customer"),
    in_views: Mapping[str, frozenset[str]] | None = None,
) -> Callable[[Callable[[Cast], Any]], Callable[[Cast], Any]]:
    def register(build: Callable[[Cast], Any]) -> Callable[[Cast], Any]:
        EXAMPLES[model._meta.label] = Example(build, seen_by, new, made_on, in_views or {})
        return build

    return register


def example_for(model: Any) -> Example:
    label = model._meta.label
    assert label in EXAMPLES, (
        f"The permission matrix has no example of {label}: add a function with @example_of({model.__name__}) "
        f"to a module of tests/api/examples/."
    )
    return EXAMPLES[label]


for module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{module.name}")
