"""An offering as a document, to be taken to another marketplace: without its secrets, its resources and its orders."""

from collections.abc import Mapping
from typing import Any

from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Plan

TEXTS = (
    "name", "description", "full_description", "vendor_details", "getting_started", "integration_guide", "type",
    "shared", "billable", "country", "latitude", "longitude", "access_url", "attributes", "options",
)  # fmt: skip
COMPONENT = (
    "type", "name", "description", "billing_type", "measured_unit", "unit_factor", "limit_period", "limit_amount",
    "article_code",
)  # fmt: skip
RANGE = ("min_value", "max_value", "max_available_limit", "default_limit", "is_boolean")
PLAN = ("name", "description", "unit", "archived", "max_amount", "article_code", "backend_id")


def exported(offering: Offering) -> dict[str, Any]:
    """The document; `imported` reads it."""
    return {
        "offering": {
            **{name: getattr(offering, name) for name in TEXTS},
            "state": offering.state,
            "category_name": offering.category.title,
            "paused_reason": offering.paused_reason,
        },
        "components": [_component(component) for component in offering.components.all()],
        "plans": [_plan(plan) for plan in offering.plans.prefetch_related("components__component")],
        "plugin_options": offering.plugin_options,
        "resource_options": offering.resource_options,
        "secret_options": {},
        "screenshots": [],
        "files": [],
        "endpoints": [],
        "organization_groups": [],
        "terms_of_service": [{"terms_of_service": offering.terms_of_service}] if offering.terms_of_service else [],
    }


def _component(component: OfferingComponent) -> dict[str, Any]:
    return {**{name: getattr(component, name) for name in (*COMPONENT, *RANGE)}, "backend_id": ""}


def _plan(plan: Plan) -> dict[str, Any]:
    prices = [
        {
            "component_type": item.component.type,
            "amount": item.amount,
            "price": float(item.price),
            "future_price": None if item.future_price is None else float(item.future_price),
        }
        for item in plan.components.all()
    ]
    return {
        **{name: getattr(plan, name) for name in PLAN},
        "unit_price": float(plan.unit_price),
        "components": prices,
    }


def imported(document: Mapping[str, Any], wanted: Mapping[str, bool]) -> dict[str, Any]:
    """The body that makes such an offering; what is not `wanted` (components, plans, …) is left out."""
    body = {name: value for name, value in document["offering"].items() if name in TEXTS and value is not None}
    if not body.get("options"):
        body.pop("options", None)
    for name in ("plugin_options", "secret_options"):
        if wanted.get(name) and document.get(name):
            body[name] = document[name]
    if document.get("resource_options"):
        body["resource_options"] = document["resource_options"]
    terms = document.get("terms_of_service") or []
    if wanted.get("terms_of_service") and terms:
        body["terms_of_service"] = str(terms[0].get("terms_of_service", ""))
    if wanted.get("components"):
        body["components"] = [_known(item, (*COMPONENT, *RANGE)) for item in document.get("components") or []]
    if wanted.get("plans"):
        body["plans"] = [_new_plan(item) for item in document.get("plans") or []]
    return body


def _known(item: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: item[name] for name in names if item.get(name) is not None}


def _new_plan(item: Mapping[str, Any]) -> dict[str, Any]:
    """Prices and included amounts stand in `components`, or as maps in `prices` and `quotas`."""
    rows = item.get("components") or []
    prices = {row.get("component_type"): row.get("price", 0) for row in rows}
    quotas = {row.get("component_type"): row.get("amount", 0) for row in rows}
    names = ("name", "description", "unit", "max_amount", "article_code", "backend_id", "unit_price")
    return {
        **_known(item, names),
        "prices": {**prices, **(item.get("prices") or {})},
        "quotas": {**quotas, **(item.get("quotas") or {})},
    }
