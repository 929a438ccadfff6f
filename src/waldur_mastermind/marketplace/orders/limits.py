"""Checks limits against the components they are of."""

from collections.abc import Mapping

from django.db.models import BigIntegerField, Model, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from rest_framework.exceptions import ValidationError

from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Resource
from waldur_mastermind.marketplace.plugins import plugin_for


def check_limits(offering: Offering, limits: Mapping[str, int], resource: Resource | None = None) -> None:
    """Raise ValidationError({limits: [..]}) that names every limit that is unknown or out of range.

    `resource` is the one that has limits already: they do not count twice against what is available.
    """
    components = orderable(offering)
    problems = []
    for name, value in sorted(limits.items()):  # sorted, as every order locks in this order
        component = components.get(name)
        if component is None:
            problems.append(f"The offering has no component {name}.")
        elif component.billing_type != OfferingComponent.BillingType.LIMIT:
            problems.append(f"{component.name} is not ordered by limit but billed as {component.billing_type}.")
        elif problem := _out_of_range(component, value) or _not_available(component, value, resource):
            problems.append(problem)
    if problems:
        raise ValidationError({"limits": problems})


def in_components(offering: Offering, values: Mapping[str, int], field: str = "limits") -> dict[str, int]:
    """The values by the names and in the units of components; 400 when two words mean the same one."""
    plugin, found = plugin_for(offering), {}
    for word, value in values.items():
        name, units = plugin.component_named(word)
        if name in found:
            raise ValidationError({field: [f"{word} and another word for it are both given: {name}."]})
        found[name] = value * units
    return found


def orderable(offering: Offering) -> dict[str, OfferingComponent]:
    """Without those that the plug-in has dropped: they stay for what they were sold for."""
    return {component.type: component for component in offering.components.all() if not component.retired}


def told_limits(offering: Offering, limits: Mapping[str, int]) -> dict[str, int]:
    """Limits that a provider tells of what is there already: no range binds them. What is not ordered by limit is left
    out: there the plan decides. ValidationError({limits: [..]}) for unknown components and negative values."""
    components = {component.type: component for component in offering.components.all()}
    unknown = [f"The offering has no component {name}." for name in sorted(limits.keys() - components.keys())]
    negative = [f"{name}: {value} is less than nothing." for name, value in sorted(limits.items()) if value < 0]
    if unknown or negative:
        raise ValidationError({"limits": [*unknown, *negative]})
    by_limit = OfferingComponent.BillingType.LIMIT
    return {name: value for name, value in limits.items() if components[name].billing_type == by_limit}


def lock(holder: Model) -> None:
    """Until the transaction ends nobody else takes from what `holder` caps: two orders cannot pass one gap."""
    type(holder)._default_manager.select_for_update(no_key=True).get(pk=holder.pk)


def with_defaults(offering: Offering, limits: Mapping[str, int]) -> dict[str, int]:
    """The limits of an order: what was asked for, and the defaults of the components that were not named."""
    defaults = {
        component.type: component.default_limit
        for component in orderable(offering).values()
        if component.billing_type == OfferingComponent.BillingType.LIMIT and component.default_limit is not None
    }
    return {**defaults, **limits}


def _out_of_range(component: OfferingComponent, value: int) -> str:
    """Nothing at all can be ordered only where the component says so (`min_value` 0, or a yes-or-no component)."""
    least = component.min_value if component.min_value is not None else 0 if component.is_boolean else 1
    most = 1 if component.is_boolean else component.max_value
    if value < least:
        return f"{component.name}: {value} is less than the least possible, {least}."
    if most is not None and value > most:
        return f"{component.name}: {value} is more than the most possible, {most}."
    return ""


def _not_available(component: OfferingComponent, value: int, resource: Resource | None) -> str:
    if component.max_available_limit is None:
        return ""
    lock(component)
    others = Resource.objects.filter(offering_id=component.offering_id, state__in=Resource.ALIVE)
    if resource:
        others = others.exclude(pk=resource.pk)
    limit = Cast(KeyTextTransform(component.type, "limits"), BigIntegerField())
    left = component.max_available_limit - (others.aggregate(total=Sum(limit))["total"] or 0)
    return f"{component.name}: only {left} left." if value > left else ""
