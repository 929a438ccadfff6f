"""What an order costs (marketplace-api §5, "Money"): per month, from the prices of its plan at the time of asking."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from waldur_mastermind.marketplace.models import OfferingComponent, Plan, PlanComponent
from waldur_mastermind.marketplace.units import IN_A_MONTH, unit_of

BillingType = OfferingComponent.BillingType


def included(plan: Plan, billing_type: str) -> Decimal:
    """The sum of price times amount over the components billed in one way: `one` is the price of starting, `few` of
    switching to the plan, `fixed` its flat part."""
    return sum((c.price * c.amount for c in _components(plan) if c.component.billing_type == billing_type), Decimal(0))


def init_price(plan: Plan) -> Decimal:
    return included(plan, BillingType.ONE)


def switch_price(plan: Plan) -> Decimal:
    return included(plan, BillingType.FEW)


def flat_price(plan: Plan) -> Decimal:
    """The fixed components; a plan without any has the price its provider wrote down."""
    has_fixed = any(c.component.billing_type == BillingType.FIXED for c in _components(plan))
    return included(plan, BillingType.FIXED) if has_fixed else plan.unit_price


def limits_price(plan: Plan, limits: Mapping[str, int]) -> Decimal:
    """Of a month. Prices are per measured unit (GB), limits in units of the component (MiB): hence the factor."""
    return sum(
        (
            in_a_month(c.price * limits.get(c.component.type, 0) / c.component.factor, unit_of(c.component, plan))
            for c in _components(plan)
            if c.component.billing_type == BillingType.LIMIT
        ),
        Decimal(0),
    )


def monthly_price(plan: Plan | None, limits: Mapping[str, int]) -> Decimal:
    """What the invoice of a whole month will say, before anything is used; of one with thirty days in plans by the day
    or hour."""
    return in_a_month(flat_price(plan), unit_of(None, plan)) + limits_price(plan, limits) if plan else Decimal(0)


def in_a_month(price: Decimal, unit: str) -> Decimal:
    share = IN_A_MONTH[unit]
    return price * share.numerator / share.denominator


def refresh_unit_price(plan: Plan) -> None:
    """Keep `unit_price` equal to the fixed components after a change of prices or amounts."""
    plan.unit_price = flat_price(Plan.objects.get(pk=plan.pk))  # anew: `plan` may carry components as they were
    plan.save(update_fields=["unit_price", "modified"])


def _components(plan: Plan) -> Iterable[PlanComponent]:
    if "components" in getattr(plan, "_prefetched_objects_cache", {}):
        return plan.components.all()
    return plan.components.select_related("component")
