"""What another app adds to the JSON of a cloud object. The bridge to the marketplace registers itself here."""

from collections.abc import Callable, Sequence
from typing import Any

MARKETPLACE_FIELDS: dict[str, Any] = {
    "marketplace_offering_uuid": None,
    "marketplace_offering_name": None,
    "marketplace_offering_type": None,
    "marketplace_offering_plugin_options": None,
    "marketplace_category_uuid": None,
    "marketplace_category_name": None,
    "marketplace_resource_uuid": None,
    "marketplace_plan_uuid": None,
    "marketplace_resource_state": None,
    "is_usage_based": None,
    "is_limit_based": None,
}

Provider = Callable[[Sequence[Any]], dict[int, dict[str, Any]]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """`provider(objects of one model)` returns {pk: fields}, in a fixed number of queries."""
    _providers.append(provider)


def extra_fields_of(objects: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """{pk: the marketplace fields}; objects the marketplace does not know get nulls."""
    found = {obj.pk: dict(MARKETPLACE_FIELDS) for obj in objects}
    for provider in _providers if objects else ():
        for pk, fields in provider(objects).items():
            found[pk].update(fields)
    return found
