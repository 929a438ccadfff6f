"""Reading and moving the counters of a scope.

Whoever writes locks the rows first, in the order of their names: nobody passes a gap that another has taken, and two
writers never wait for each other. Each function is two or three statements, however many counters it moves.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError

from waldur_core.quotas import notices
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
    _write(scope, {quota: {"limit": limits[name]} for name, quota in found.items()})
    return [quota.name for quota in fresh]


@transaction.atomic(savepoint=False)
def set_usages(scope: Model, usages: Mapping[str, int]) -> None:
    """Set usages to what was counted elsewhere; counters that do not exist are left out. Writes only what differs."""
    _write(scope, {quota: {"usage": usages[name]} for name, quota in _locked(scope, usages).items()})


@transaction.atomic
def change(scope: Model, deltas: Mapping[str, int]) -> None:
    """Add `deltas` to the usages, all or none. Growth beyond a limit raises QuotaExceeded (400)."""
    found = _locked(scope, deltas)
    if refused := [quota for quota in found.values() if _exceeds(quota, deltas[quota.name])]:
        raise QuotaExceeded({"non_field_errors": _explain(scope, deltas, refused)})
    _write(scope, {quota: {"usage": quota.usage + deltas[name]} for name, quota in found.items()})


def check(scope: Model, deltas: Mapping[str, int]) -> None:
    """Raise QuotaExceeded when `change` would; move nothing."""
    found = quotas_of(scope).filter(name__in=list(deltas))
    if refused := [quota for quota in found if _exceeds(quota, deltas[quota.name])]:
        raise QuotaExceeded({"non_field_errors": _explain(scope, deltas, refused)})


def release(scope: Model, deltas: Mapping[str, int]) -> None:
    """Give back what `change` took."""
    change(scope, {name: -delta for name, delta in deltas.items()})


@transaction.atomic(savepoint=False)
def count(scope: Model, deltas: Mapping[str, int]) -> None:
    """Follow what has been found to exist, or to exist no more: no limit is asked."""
    moving = {name: delta for name, delta in deltas.items() if delta}
    found = _locked(scope, moving)
    _write(scope, {quota: {"usage": quota.usage + moving[name]} for name, quota in found.items()})


def _locked(scope: Model, names: Iterable[str]) -> dict[str, Quota]:
    """The counters of these names that exist, locked until the transaction ends."""
    wanted = list(names)
    if not wanted:
        return {}
    rows = quotas_of(scope).filter(name__in=wanted).order_by("name").select_for_update(no_key=True)
    return {quota.name: quota for quota in rows}


def _write(scope: Model, values: Mapping[Quota, Mapping[str, int]]) -> None:
    """Give locked counters new values: one statement for those that differ, an event for each level reached."""
    changed: list[tuple[Quota, int]] = []
    for quota, columns in values.items():
        before = notices.level(quota.limit, quota.usage)
        if any(getattr(quota, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(quota, name, value)
            changed.append((quota, before))
    if changed:
        Quota.objects.bulk_update([quota for quota, _ in changed], ["limit", "usage"])
        notices.tell(scope, changed)


def _exceeds(quota: Quota, delta: int) -> bool:
    return delta > 0 and quota.limit != UNLIMITED and quota.usage + delta > quota.limit


def _explain(scope: Model, deltas: Mapping[str, int], refused: Iterable[Quota]) -> list[str]:
    return [
        f"Quota {quota.name} of {scope} is too small: limit {quota.limit}, used {quota.usage}, "
        f"asked for {deltas[quota.name]} more."
        for quota in sorted(refused, key=lambda quota: quota.name)
    ]


def as_list(quotas: Iterable[Quota]) -> list[dict[str, Any]]:
    """The API's form: [{name, limit, usage}]."""
    return [{"name": quota.name, "limit": quota.limit, "usage": quota.usage} for quota in quotas]
