"""What time itself sets going. Each task may run at any hour and any number of times."""

import logging
from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from rest_framework.exceptions import APIException

from waldur_mastermind.marketplace import pricing
from waldur_mastermind.marketplace.models import Order, Plan, PlanComponent, Resource
from waldur_mastermind.marketplace.orders import processing
from waldur_mastermind.marketplace.orders.requests import order_termination
from waldur_mastermind.marketplace.price_history import note_prices

logger = logging.getLogger(__name__)


@shared_task(name="marketplace.release_waiting_orders")
def release_waiting_orders() -> int:
    """Orders whose day, or whose project's day, has come go on; returns how many."""
    waiting = Order.objects.filter(state__in=(Order.State.PENDING_PROJECT, Order.State.PENDING_START_DATE))
    return _each(waiting, _release)


@shared_task(name="marketplace.terminate_expired_resources")
def terminate_expired_resources() -> int:
    """Resources whose end date, or whose project's end date, has come are ended; returns how many."""
    today = timezone.localdate()
    ended = Resource.objects.filter(state__in=(Resource.State.OK, Resource.State.ERRED))
    ended = ended.filter(end_date__lte=today) | ended.filter(project__end_date__lt=today)
    return _each(ended.exclude(orders__state__in=Order.UNFINISHED), _expire)


@shared_task(name="marketplace.apply_future_prices")
def apply_future_prices() -> int:
    """From the first of a month on, the prices announced for it hold; returns how many."""
    due = PlanComponent.objects.filter(future_price_from__lte=timezone.localdate())
    with transaction.atomic():
        plans = list(Plan.objects.filter(components__in=due).distinct())
        number = due.update(price=F("future_price"), future_price=None, future_price_from=None)
        for plan in plans:
            pricing.refresh_unit_price(plan)
        note_prices(plans)
    return number


def _each(rows: QuerySet[Any], act: Callable[[Any], bool]) -> int:
    """One transaction for each row, so that one that fails holds up no other."""
    return sum(_alone(rows.model, pk, act) for pk in rows.values_list("pk", flat=True).distinct())


def _alone(model: Any, pk: int, act: Callable[[Any], bool]) -> bool:
    try:
        with transaction.atomic():
            return act(model.objects.select_for_update(of=("self",)).get(pk=pk))
    except APIException as error:
        logger.warning("%s %s: %s", model.__name__, pk, error.detail)
        return False


def _release(order: Order) -> bool:
    before = order.state
    processing.proceed(order)
    return order.state != before


def _expire(resource: Resource) -> bool:
    """The end is the end: what is still in use is ended too."""
    order_termination(resource, {"action": "force_destroy"}, user=None)
    return True
