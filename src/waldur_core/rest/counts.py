"""Counts as columns of a list: subqueries, so that the outer query keeps its order and can lock rows."""

from typing import Any

from django.db.models import Count, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce


def count_rows(rows: QuerySet[Any], distinct: str = "pk") -> Coalesce:
    """How many of `rows` (which refer to the outer query by OuterRef) there are, by the values of `distinct`."""
    counted = rows.order_by().annotate(_one=Value(1)).values("_one").annotate(_count=Count(distinct, distinct=True))
    return Coalesce(Subquery(counted.values("_count")), 0)
