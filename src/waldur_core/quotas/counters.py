"""Reading and moving the counters of a scope."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import F, Model, Q, QuerySet
from rest_framework.exceptions import ValidationError

from waldur_core.quotas.models import UNLIMITED, Quota


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


def set_limits(scope: Model, limits: Mapping[str, int]) -> None:
    """Set limits, making the counters that are missing. Usage stays."""
    content_type = ContentType.objects.get_for_model(scope)
    Quota.objects.bulk_create(
        [
            Quota(content_type=content_type, object_id=scope.pk, name=name, limit=limit)
            for name, limit in limits.items()
        ],
        update_conflicts=True,
        unique_fields=["content_type", "object_id", "name"],
        update_fields=["limit"],
    )


def set_usages(scope: Model, usages: Mapping[str, int]) -> None:
    """Set usages to what was counted elsewhere; counters that do not exist are left out. Writes only what differs."""
    for quota in quotas_of(scope).filter(name__in=usages):
        if quota.usage != usages[quota.name]:
            Quota.objects.filter(pk=quota.pk).update(usage=usages[quota.name])


def set_usages_of_many(model: type[Model], usages: Mapping[Any, Mapping[str, int]]) -> None:
    """The same for many scopes of one kind, {pk: usages}; one query, and one statement when anything differs."""
    names = {name for own in usages.values() for name in own}
    content_type = ContentType.objects.get_for_model(model)
    quotas = Quota.objects.filter(content_type=content_type, object_id__in=usages, name__in=names)
    differing = []
    for quota in quotas:
        usage = usages[quota.object_id].get(quota.name, quota.usage)
        if usage != quota.usage:
            quota.usage = usage
            differing.append(quota)
    if differing:
        Quota.objects.bulk_update(differing, ["usage"], batch_size=1000)


def change(scope: Model, deltas: Mapping[str, int]) -> None:
    """Add `deltas` to the usages, all or none. Growth beyond a limit raises QuotaExceeded (400)."""
    refused: list[str] = []
    with transaction.atomic():
        # one order of locking for everybody: no deadlock between two orders
        for name, delta in sorted(deltas.items()):
            if delta and not _move(scope, name, delta):
                refused.append(name)
        if refused:
            raise QuotaExceeded({"non_field_errors": _explain(scope, deltas, refused)})


def check(scope: Model, deltas: Mapping[str, int]) -> None:
    """Raise QuotaExceeded when `change` would; move nothing."""
    found = {quota.name: quota for quota in quotas_of(scope).filter(name__in=list(deltas))}
    refused = [
        name
        for name, delta in deltas.items()
        if delta > 0 and (quota := found.get(name)) and quota.limit != UNLIMITED and quota.usage + delta > quota.limit
    ]
    if refused:
        raise QuotaExceeded({"non_field_errors": _explain(scope, deltas, refused)})


def release(scope: Model, deltas: Mapping[str, int]) -> None:
    """Give back what `change` took."""
    change(scope, {name: -delta for name, delta in deltas.items()})


def count(scope: Model, deltas: Mapping[str, int]) -> None:
    """Follow what has been found to exist, or to exist no more: no limit is asked."""
    for name, delta in sorted(deltas.items()):
        if delta:
            quotas_of(scope).filter(name=name).update(usage=F("usage") + delta)


def count_many(model: type[Model], deltas: Mapping[Any, Mapping[str, int]]) -> None:
    """The same for many scopes of one kind, {pk: deltas}, in one statement."""
    moves = [(pk, name, delta) for pk, own in deltas.items() for name, delta in own.items() if delta]
    if not moves:
        return
    pks, names, amounts = (list(column) for column in zip(*moves, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(COUNT_MANY, [pks, names, amounts, ContentType.objects.get_for_model(model).pk])


# locks in one order, as everybody else does
COUNT_MANY = """
    WITH moved AS (
        SELECT quota.id, move.delta
        FROM quotas_quota AS quota
        JOIN unnest(%s::bigint[], %s::text[], %s::bigint[]) AS move (object_id, name, delta)
            ON quota.object_id = move.object_id AND quota.name = move.name
        WHERE quota.content_type_id = %s
        ORDER BY quota.object_id, quota.name
        FOR UPDATE OF quota
    )
    UPDATE quotas_quota SET usage = usage + moved.delta FROM moved WHERE quotas_quota.id = moved.id
"""


def _move(scope: Model, name: str, delta: int) -> bool:
    counters = quotas_of(scope).filter(name=name)
    if delta < 0:
        counters.update(usage=F("usage") + delta)
        return True
    fits = counters.filter(Q(limit=UNLIMITED) | Q(limit__gte=F("usage") + delta))
    return bool(fits.update(usage=F("usage") + delta)) or not counters.exists()


def _explain(scope: Model, deltas: Mapping[str, int], refused: Iterable[str]) -> list[str]:
    found = {quota.name: quota for quota in quotas_of(scope).filter(name__in=list(refused))}
    return [
        f"Quota {name} of {scope} is too small: limit {quota.limit}, used {quota.usage}, asked for {deltas[name]} more."
        for name, quota in sorted(found.items())
    ]


def as_list(quotas: Iterable[Quota]) -> list[dict[str, Any]]:
    """The API's form: [{name, limit, usage}]."""
    return [{"name": quota.name, "limit": quota.limit, "usage": quota.usage} for quota in quotas]
