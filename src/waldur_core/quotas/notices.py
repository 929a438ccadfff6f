"""Events when a quota is nearly or wholly used: one per crossing, the next one after the usage has fallen below."""

from collections.abc import Iterable
from typing import Any

from waldur_core.events.log import record
from waldur_core.quotas.models import UNLIMITED, Quota

# percent of the limit: the type of the event that tells of it
EVENTS = {100: "quota_used_up", 75: "quota_nearly_used"}


def level(limit: int, usage: int) -> int:
    """The highest of 75 and 100 percent that is reached; 0 below, without a limit, and where nothing is used."""
    if limit == UNLIMITED or usage <= 0:
        return 0
    return next((percent for percent in EVENTS if usage * 100 >= limit * percent), 0)


def tell(scope: Any, crossed: Iterable[tuple[Quota, int]]) -> None:
    """One event for each quota that has reached a level: (the quota as it is now, the level it had before)."""
    for quota, before in crossed:
        now = level(quota.limit, quota.usage)
        if now > before:
            used = "is used up" if now == 100 else f"is used to {now} % or more"
            record(
                EVENTS[now],
                f"Quota {quota.name} of {scope} {used}: {quota.usage} of {quota.limit}.",
                scope=scope,
                quota_name=quota.name,
                limit=quota.limit,
                usage=quota.usage,
            )
