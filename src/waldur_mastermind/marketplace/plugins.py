"""The seam between the marketplace and what it sells: one plug-in per offering type."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from waldur_core.rest.serializers import link_to
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.models import Offering, Order, Plan, Resource


@dataclass(frozen=True)
class BuiltinComponent:
    """A component that the plug-in gives to each of its offerings. A limit is in units of which
    `unit_factor` make one `measured_unit` (1024 MiB are one GB)."""

    type: str
    name: str
    measured_unit: str
    unit_factor: int = 1
    billing_type: str = "limit"
    limit_period: str | None = "month"
    min_value: int | None = None
    max_value: int | None = None
    default_limit: int | None = None
    description: str = ""


@dataclass(frozen=True)
class OrderRequest:
    """What a user asks for, before there is an order."""

    offering: Offering
    project: Project
    plan: Plan | None
    user: Any
    attributes: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    request: Request | None = None


@dataclass(frozen=True)
class Importable:
    """Something that a service has and we do not."""

    backend_id: str
    name: str
    type: str
    description: str = ""


@dataclass(frozen=True)
class ImportRequest:
    """Who wants what for which project, and on which plan; `details` are for the plug-in."""

    offering: Offering
    backend_id: str
    project: Project
    plan: Plan | None
    user: Any
    details: Mapping[str, Any] = field(default_factory=dict)


class OfferingPlugin:
    """What an offering type does at each turn of an order. Everything here is rows: the cloud is a worker's business.

    The base does nothing and finds everything right, so a plug-in writes down only what is special to it.
    """

    type: str = ""
    components: tuple[BuiltinComponent, ...] = ()
    needs_plan: bool = True  # else its offerings have no plans and no limits
    needs_provider_review: bool = False
    manual: bool = False  # the provider reports the outcome, and until then the consumer may cancel
    restorable: bool = False  # what was ended can be had again
    secret_attributes: frozenset[str] = frozenset()  # kept encrypted, never shown

    def validate_offering(self, offering: Offering, service_attributes: Mapping[str, Any]) -> None:
        """Refuse an integration that cannot work: ValidationError({field: [..]})."""

    def offering_saved(self, offering: Offering) -> None:
        """The offering was made, or its integration changed (`offering.secret_options`, `plugin_options`)."""

    def before_activation(self, offering: Offering) -> None:
        """Refuse to put on sale what is not ready: Conflict or ValidationError."""

    def builtin_components(self, offering: Offering) -> tuple[BuiltinComponent, ...]:
        """The components this offering must have now."""
        return self.components

    def component_named(self, word: str) -> tuple[str, int]:
        """The component that a word in limits, prices or quotas means, and how many of its units are one of the word's.
        Other clients may have other words."""
        return word, 1

    def validate_create(self, order_request: OrderRequest) -> None:
        """Refuse attributes and limits that make no sense: ValidationError, before anything is written."""

    def create(self, order: Order) -> Model | None:
        """Write the rows and start the operation; returns what becomes the resource's scope."""
        return None

    def validate_update(self, resource: Resource, *, limits: Mapping[str, int] | None, plan: Plan | None) -> None:
        """Refuse new limits or a new plan: ValidationError or Conflict."""

    def update(self, order: Order) -> bool:
        """Apply `order.limits` or `order.plan`; True when it is done at once, False when an operation will tell."""
        return True

    def importable(self, offering: Offering) -> list[Importable]:
        """What could become resources of the offering, asked of the service itself, which may take a while."""
        return []

    def find_importable(self, asked: ImportRequest) -> Any:
        """Look at one of them, in no transaction: ValidationError on `backend_id` when it cannot be imported."""
        raise ValidationError({"offering": ["Nothing can be imported into offerings of this type."]})

    def import_resource(self, asked: ImportRequest, found: Any) -> Resource:
        """Write the rows for what `find_importable` returned, and start what is left to do."""
        raise NotImplementedError

    def check_terminate(self, resource: Resource, attributes: Mapping[str, Any]) -> None:
        """Refuse to end what is in use: Conflict."""

    def terminate(self, order: Order) -> None:
        """Start the end of the resource's scope."""

    def restore(self, order: Order) -> None:
        """Start to bring back what was ended."""

    def available_actions(self, resource: Resource) -> list[str]:
        """Names of what can be done with the scope now."""
        return []

    def serialize_scope(self, resource: Resource, request: Request) -> dict[str, Any] | None:
        """The scope as its own endpoint shows it."""
        return None


_plugins: dict[str, OfferingPlugin] = {}
_scope_views: dict[str, str] = {}


def register(plugin: OfferingPlugin, scope_views: Mapping[str, str] | None = None) -> None:
    """Offer a type. `scope_views` names the detail view of each model that can be a scope: {"app.model": view}."""
    _plugins[plugin.type] = plugin
    _scope_views.update(scope_views or {})


def plugin_for(offering_or_type: Offering | str) -> OfferingPlugin:
    """The plug-in of an offering or a type; an unknown one is a 400."""
    name = offering_or_type if isinstance(offering_or_type, str) else offering_or_type.type
    try:
        return _plugins[name]
    except KeyError:
        known = ", ".join(sorted(_plugins))
        raise ValidationError({"type": [f"There is no offering type {name!r}. Known types: {known}."]}) from None


def registered() -> Iterable[OfferingPlugin]:
    return _plugins.values()


def scope_link(scope: Any, context: Any) -> str | None:
    """The absolute URL of a scope; None when there is none to give."""
    view = _scope_views.get(scope._meta.label_lower) if scope else None
    return link_to(view, scope.uuid, context) if view else None
