"""Events when a quota is nearly or wholly used: one per crossing, the next one after the usage has fallen below."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from waldur_core.events.log import record
from waldur_core.quotas.models import UNLIMITED, Quota

# percent of the limit: the type of the event that tells of it
EVENTS = {100: "quota_used_up", 75: "quota_nearly_used"}

Moved = tuple[Quota, int, int]  # a quota as it is now; the limit and the usage that it had before


def level(limit: int, usage: int) -> int:
    """The highest of 75 and 100 percent that is reached; 0 below, without a limit, and where nothing is used."""
    if limit == UNLIMITED or usage <= 0:
        return 0
    return next((percent for percent in EVENTS if usage * 100 >= limit * percent), 0)


def tell(model: type[Model], moved: Iterable[Moved], scope: Any = None) -> None:
    """One event for each quota that has reached a level. Scopes are read only when there is something to tell."""
    risen = [quota for quota, limit, usage in moved if level(quota.limit, quota.usage) > level(limit, usage)]
    if not risen:
        return
    scopes = {scope.pk: scope} if scope else model._default_manager.in_bulk({quota.object_id for quota in risen})
    for quota in risen:
        _tell(quota, scopes[quota.object_id])


def _tell(quota: Quota, scope: Any) -> None:
    percent = level(quota.limit, quota.usage)
    used = "is used up" if percent == 100 else f"is used to {percent} % or more"
    record(
        EVENTS[percent],
        f"Quota {quota.name} of {scope} {used}: {quota.usage} of {quota.limit}.",
        scope=scope,
        quota_name=quota.name,
        limit=quota.limit,
        usage=quota.usage,
    )
