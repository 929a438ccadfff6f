"""What the agent's own classes do not allow for yet, and we need."""

from __future__ import annotations

from typing import Any

from waldur_site_agent.common.structures import AccountingType

AS_LIMIT = ("fixed", "few", "one")


def allow_fixed_components() -> None:
    """Let offerings have components with the billing types ``fixed`` and ``few``.

    The agent knows only usage, limit and one, and skips the whole offering otherwise. A plan's fixed amounts are
    limits to it. An enumeration asks ``_missing_`` for values that it does not know.
    """
    try:
        AccountingType("fixed")
    except ValueError:
        AccountingType._missing_ = classmethod(_as_limit)


def _as_limit(cls: Any, value: object) -> Any:
    return AccountingType("limit") if value in AS_LIMIT else None
