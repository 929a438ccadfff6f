"""Projects that one may find by their exact slug without seeing them. Whoever has a reason registers itself."""

from collections.abc import Callable
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from rest_framework.request import Request

from waldur_core.structure.models import Project

Finder = Callable[[Any], Q]
_finders: list[Finder] = []

# what is told of a project that is only found
TOLD = frozenset({"url", "uuid", "name", "slug", "customer", "customer_uuid", "customer_name", "customer_slug"})
ALONE = frozenset({"slug", "field", "page", "page_size"})  # another filter would tell more than TOLD


def register(finder: Finder) -> None:
    """`finder(user)` returns a condition on the projects whose slug the user may look up."""
    _finders.append(finder)


def with_found(request: Request, projects: QuerySet[Project], seen: QuerySet[Project]) -> QuerySet[Project]:
    """Those of `projects` that are `seen`, and the one whose slug is asked for, marked as `only_found`."""
    slug = request.query_params.get("slug")
    if not slug or not _finders or not ALONE.issuperset(request.query_params):
        return seen
    visible, found = Q(pk__in=seen.values("pk")), Q(pk__in=())
    for finder in _finders:
        found |= finder(request.user)
    mark = Case(When(visible, then=Value(False)), default=Value(True), output_field=BooleanField())
    return projects.filter(visible | (Q(slug=slug) & found)).annotate(only_found=mark)
