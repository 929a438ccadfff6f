"""Offerings and their parts: making them, keeping components in step with the plug-in, going on sale."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from waldur_core.events.log import record
from waldur_mastermind.marketplace import pricing
from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Plan, PlanComponent, Resource
from waldur_mastermind.marketplace.months import following, this_month
from waldur_mastermind.marketplace.orders.limits import in_components
from waldur_mastermind.marketplace.plugins import BuiltinComponent, plugin_for
from waldur_mastermind.marketplace.price_history import note_prices
from waldur_mastermind.marketplace.secrets import merge


@transaction.atomic
def create_offering(
    fields: Mapping[str, Any],
    *,
    integration: Mapping[str, Any],
    components: Iterable[Mapping[str, Any]] = (),
    plans: Iterable[Mapping[str, Any]] = (),
    actor: Any = None,
) -> Offering:
    """A Draft with its components and plans. `integration` is how the plug-in reaches its service."""
    plugin = plugin_for(fields["type"])
    offering = Offering(**fields)
    offering.secret_options = merge({}, integration)
    plugin.validate_offering(offering, offering.secret_options)
    offering.save()
    sync_components(offering)
    for component in components:
        add_component(offering, component)
    for plan in plans:
        create_plan(offering, plan)
    plugin.offering_saved(offering)
    record("marketplace_offering_created", f"The offering {offering} has been created.", scope=offering, actor=actor)
    return offering


@transaction.atomic
def update_integration(
    offering: Offering,
    integration: Mapping[str, Any],
    plugin_options: Mapping[str, Any] | None = None,
    backend_id: str | None = None,
    actor: Any = None,
) -> None:
    """Change how the plug-in reaches its service. Keys that are not named, or sent back masked, stay."""
    plugin = plugin_for(offering)
    offering.secret_options = merge(offering.secret_options, integration)
    offering.plugin_options = merge(offering.plugin_options, plugin_options or {})
    offering.backend_id = offering.backend_id if backend_id is None else backend_id
    plugin.validate_offering(offering, offering.secret_options)
    offering.save()
    sync_components(offering)
    plugin.offering_saved(offering)
    text = f"The integration of the offering {offering} has been changed."
    record("marketplace_offering_updated", text, scope=offering, actor=actor)


def check_ready(offering: Offering) -> None:
    """What going on sale takes: a plan of its own or of its parent, a customer in business, a willing plug-in."""
    plugin = plugin_for(offering)
    if offering.customer.blocked or offering.customer.archived:
        raise ValidationError({"customer": [f"The customer {offering.customer} is blocked or archived."]})
    owners = [offering, *([offering.parent] if offering.parent else [])]
    if not Plan.objects.filter(offering__in=owners, archived=False).exists():
        raise ValidationError({"plans": ["An offering needs at least one plan that is not archived."]})
    plugin.before_activation(offering)


@transaction.atomic
def sync_components(offering: Offering) -> None:
    """Bring the built-in components in step with the plug-in. What the provider set (least, most, default) stays. Those
    that were dropped go; one that has been sold is retired, and comes back with its prices when it is sold again."""
    wanted = {component.type: component for component in plugin_for(offering).builtin_components(offering)}
    builtin_ones = OfferingComponent.objects.filter(offering=offering, is_builtin=True)  # those that are retired too
    existing = {component.type: component for component in builtin_ones}
    for name, builtin in wanted.items():
        if name in existing:
            _follow(existing[name], builtin)
        else:
            attach_to_plans(_make_builtin(offering, builtin))
    for name in existing.keys() - wanted.keys():
        _withdraw(existing[name])


def add_component(offering: Offering, fields: Mapping[str, Any]) -> OfferingComponent:
    """A component of the provider's own."""
    if offering.components.filter(type=fields["type"]).exists():
        raise ValidationError({"type": [f"The offering has a component {fields['type']} already."]})
    component = OfferingComponent.objects.create(offering=offering, **fields)
    attach_to_plans(component)
    return component


def attach_to_plans(component: OfferingComponent) -> None:
    """Every plan prices every component: free, until its provider says otherwise."""
    plans = Plan.objects.filter(offering=component.offering)
    items = [PlanComponent(plan=plan, component=component) for plan in plans]
    PlanComponent.objects.bulk_create(items, ignore_conflicts=True)
    note_prices(plans)


def _withdraw(component: OfferingComponent) -> None:
    priced = (component.plan_components.filter(price__gt=0), component.price_changes.filter(price__gt=0))
    if is_in_use(component) or any(rows.exists() for rows in (*priced, component.usages)):
        OfferingComponent.objects.filter(pk=component.pk, retired=False).update(retired=True)
    else:
        component.delete()


def is_in_use(component: OfferingComponent) -> bool:
    alive = Resource.objects.filter(offering=component.offering, state__in=Resource.ALIVE)
    return alive.filter(limits__has_key=component.type).exists()


@transaction.atomic
def create_plan(offering: Offering, fields: Mapping[str, Any]) -> Plan:
    """A plan that prices every component; `prices` and `quotas` may come along."""
    columns = {key: value for key, value in fields.items() if key not in ("prices", "quotas")}
    plan = Plan.objects.create(offering=offering, **columns)
    PlanComponent.objects.bulk_create(
        [PlanComponent(plan=plan, component=component) for component in offering.components.all()]
    )
    set_prices(plan, fields.get("prices") or {})
    set_amounts(plan, fields.get("quotas") or {})
    return plan


@transaction.atomic
def set_prices(plan: Plan, prices: Mapping[str, Decimal]) -> None:
    """New prices; those not named stay. Resources on the plan pay them from the next month on."""
    prices = {plugin_for(plan.offering).component_named(word)[0]: price for word, price in prices.items()}
    components = _named(plan, prices, "prices")
    in_use = is_plan_in_use(plan)
    for name, price in prices.items():
        item = components[name]
        if in_use:
            item.future_price, item.future_price_from = price, _first_of_next_month()
        else:
            item.price, item.future_price, item.future_price_from = price, None, None
        item.save()
    pricing.refresh_unit_price(plan)
    note_prices([plan])


def is_plan_in_use(plan: Plan) -> bool:
    return bool(plan.resources.filter(state__in=Resource.ALIVE).exists())


@transaction.atomic
def set_amounts(plan: Plan, amounts: Mapping[str, int]) -> None:
    """How much of each fixed component is included; those not named stay."""
    amounts = in_components(plan.offering, amounts, "quotas")
    components = _named(plan, amounts, "quotas")
    for name, amount in amounts.items():
        components[name].amount = amount
        components[name].save(update_fields=["amount", "modified"])
    pricing.refresh_unit_price(plan)
    note_prices([plan])


def _named(plan: Plan, values: Mapping[str, Any], field: str) -> dict[str, PlanComponent]:
    components = {item.component.type: item for item in plan.components.select_related("component")}
    if unknown := sorted(values.keys() - components.keys()):
        raise ValidationError({field: [f"The plan has no component {name}." for name in unknown]})
    return components


def _first_of_next_month() -> date:
    return following(this_month())


def _make_builtin(offering: Offering, builtin: BuiltinComponent) -> OfferingComponent:
    return OfferingComponent.objects.create(offering=offering, is_builtin=True, **vars(builtin))


def _follow(component: OfferingComponent, builtin: BuiltinComponent) -> None:
    names = ("name", "measured_unit", "unit_factor", "billing_type", "limit_period", "description")
    wanted = {**{name: getattr(builtin, name) for name in names}, "retired": False}
    if any(getattr(component, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(component, name, value)
        component.save(update_fields=[*wanted, "modified"])
        attach_to_plans(component)  # those that were made while it was retired
