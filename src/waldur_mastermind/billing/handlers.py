"""What billing does when the marketplace tells that something costs otherwise."""

from datetime import date
from typing import Any

from django.db import transaction

from waldur_mastermind.billing.invoicing import refresh
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace.months import this_month
from waldur_mastermind.marketplace.signals import forgotten, metered


def connect() -> None:
    metered.connect(follow, dispatch_uid="billing")
    forgotten.connect(keep_lines, dispatch_uid="billing")


def follow(resources: list[Resource], month: date | None = None, **_: Any) -> None:
    """The lines follow once it is certain that it happened. What is missed here the next run makes up for."""
    transaction.on_commit(lambda: _follow(month or this_month(), resources), robust=True)


def keep_lines(resources: list[Resource], **_: Any) -> None:
    """What a resource cost stays on the invoice when the resource itself is forgotten."""
    refresh(this_month(), resources)


def _follow(month: date, resources: list[Resource]) -> None:
    refresh(month, resources)
