"""Reading and moving the counters of scopes.

Whoever writes locks the rows first, in one order: nobody passes a gap that another has taken, and two writers never
wait for each other. Each function is one or two statements, however many counters it moves.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError

from waldur_core.quotas import notices
from waldur_core.quotas.models import UNLIMITED, Quota

Deltas = Mapping[str, int]


class QuotaExceeded(ValidationError):
    """A 400 that names every quota that is too small, with limit, usage and what was asked."""


def quotas_of(scope: Model) -> QuerySet[Quota]:
    return Quota.objects.filter(content_type=ContentType.objects.get_for_model(scope), object_id=scope.pk)


def quotas_by_pk(model: type[Model], scopes: Iterable[Model]) -> dict[Any, list[Quota]]:
    """The counters of many scopes of one kind, in one query."""
    found: dict[Any, list[Quota]] = {scope.pk: [] for scope in scopes}
    content_type = ContentType.objects.get_for_model(model)
    for quota in Quota.objects.filter(content_type=content_type, object_id__in=found):
        found[quota.object_id].append(quota)
    return found


@transaction.atomic(savepoint=False)
def set_limits(scope: Model, limits: Mapping[str, int]) -> list[str]:
    """Set limits, making the counters that are missing; their names are returned. Usage stays."""
    found = _locked(scope, limits)
    content_type = ContentType.objects.get_for_model(scope)
    fresh = [
        Quota(content_type=content_type, object_id=scope.pk, name=name, limit=limits[name])
        for name in sorted(limits.keys() - found.keys())
    ]
    # another may have made the same counters since we looked
    Quota.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["content_type", "object_id", "name"],
        update_fields=["limit"],
    )
    moved = []
    for name, quota in found.items():
        if quota.limit != limits[name]:
            moved.append((quota, quota.limit, quota.usage))
            quota.limit = limits[name]
    if moved:
        Quota.objects.bulk_update([quota for quota, *_ in moved], ["limit"])
        notices.tell(type(scope), moved, scope)
    return [quota.name for quota in fresh]


def set_usages(scope: Model, usages: Mapping[str, int]) -> None:
    """Set usages to what was counted elsewhere; counters that do not exist are left out. Writes only what differs."""
    set_usages_of_many(type(scope), {scope.pk: usages})


@transaction.atomic(savepoint=False)
def set_usages_of_many(model: type[Model], usages: Mapping[Any, Mapping[str, int]]) -> None:
    """The same for many scopes of one kind, {pk: usages}; one query, and one statement when anything differs."""
    names = {name for own in usages.values() for name in own}
    content_type = ContentType.objects.get_for_model(model)
    moved = []
    for quota in Quota.objects.filter(content_type=content_type, object_id__in=usages, name__in=names):
        usage = usages[quota.object_id].get(quota.name, quota.usage)
        if usage != quota.usage:
            moved.append((quota, quota.limit, quota.usage))
            quota.usage = usage
    if moved:
        Quota.objects.bulk_update([quota for quota, *_ in moved], ["usage"], batch_size=1000)
        notices.tell(model, moved)


@transaction.atomic
def change(scope: Model, deltas: Deltas) -> None:
    """Add `deltas` to the usages, all or none. Growth beyond a limit raises QuotaExceeded (400)."""
    found = _locked(scope, deltas)
    if refused := [quota for quota in found.values() if _exceeds(quota, deltas[quota.name])]:
        raise QuotaExceeded({"non_field_errors": _explain(scope, deltas, refused)})
    count(scope, deltas)


def check(scope: Model, deltas: Deltas) -> None:
    """Raise QuotaExceeded when `change` would; move nothing."""
    found = quotas_of(scope).filter(name__in=list(deltas))
    if refused := [quota for quota in found if _exceeds(quota, deltas[quota.name])]:
        raise QuotaExceeded({"non_field_errors": _explain(scope, deltas, refused)})


def release(scope: Model, deltas: Deltas) -> None:
    """Give back what `change` took."""
    change(scope, {name: -delta for name, delta in deltas.items()})


def count(scope: Model, deltas: Deltas) -> None:
    """Follow what has been found to exist, or to exist no more: no limit is asked."""
    _count(type(scope), {scope.pk: deltas}, scope)


def count_many(model: type[Model], deltas: Mapping[Any, Deltas]) -> None:
    """The same for many scopes of one kind, {pk: deltas}, in one statement."""
    _count(model, deltas)


def _count(model: type[Model], deltas: Mapping[Any, Deltas], scope: Model | None = None) -> None:
    moves = [(pk, name, delta) for pk, own in deltas.items() for name, delta in own.items() if delta]
    if not moves:
        return
    pks, names, amounts = (list(column) for column in zip(*moves, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [pks, names, amounts, ContentType.objects.get_for_model(model).pk])
        moved = [
            (Quota(object_id=pk, name=name, limit=limit, usage=usage), limit, usage - delta)
            for pk, name, limit, usage, delta in cursor.fetchall()
        ]
    notices.tell(model, moved, scope)


# locks in one order, as everybody else does
COUNT = """
    WITH moved AS (
        SELECT quota.id, move.delta
        FROM quotas_quota AS quota
        JOIN unnest(%s::bigint[], %s::text[], %s::bigint[]) AS move (object_id, name, delta)
            ON quota.object_id = move.object_id AND quota.name = move.name
        WHERE quota.content_type_id = %s
        ORDER BY quota.object_id, quota.name
        FOR UPDATE OF quota
    )
    UPDATE quotas_quota AS quota SET usage = usage + moved.delta FROM moved WHERE quota.id = moved.id
    RETURNING quota.object_id, quota.name, quota."limit", quota.usage, moved.delta
"""


def _locked(scope: Model, names: Iterable[str]) -> dict[str, Quota]:
    """The counters of these names that exist, locked until the transaction ends."""
    rows = quotas_of(scope).filter(name__in=list(names)).order_by("name").select_for_update()
    return {quota.name: quota for quota in rows}


def _exceeds(quota: Quota, delta: int) -> bool:
    return delta > 0 and quota.limit != UNLIMITED and quota.usage + delta > quota.limit


def _explain(scope: Model, deltas: Deltas, refused: Iterable[Quota]) -> list[str]:
    return [
        f"Quota {quota.name} of {scope} is too small: limit {quota.limit}, used {quota.usage}, "
        f"asked for {deltas[quota.name]} more."
        for quota in sorted(refused, key=lambda quota: quota.name)
    ]


def as_list(quotas: Iterable[Quota]) -> list[dict[str, Any]]:
    """The API's form: [{name, limit, usage}]."""
    return [{"name": quota.name, "limit": quota.limit, "usage": quota.usage} for quota in quotas]
