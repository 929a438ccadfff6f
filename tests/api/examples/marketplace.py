"""Examples of the marketplace: what the cast's provider sells on the shared market to the cast's project."""

from typing import Any

from tests.api.examples import EVERYBODY, PASSES, TEAM, example_of
from tests.factories import Cast
from tests.marketplace.stage import MACHINE
from waldur_mastermind.marketplace import catalogue, models
from waldur_mastermind.marketplace.api.access import ConsumerReviewer

PROVIDER = frozenset({"provider_owner"})
PASSES[ConsumerReviewer] = frozenset({"owner"})  # ORDER.APPROVE, for the offering of the example is shared


def _offering(cast: Cast) -> models.Offering:
    found = models.Offering.objects.filter(customer=cast.provider).first()
    category = models.Category.objects.get_or_create(title="Machines")[0]
    columns = {"name": "Machines", "type": MACHINE, "customer": cast.provider, "category": category, "state": "Active"}
    plans = [{"name": "Plan", "prices": {"cores": 10, "ram": 4}}]
    return found or catalogue.create_offering(columns, integration={}, plans=plans)


def _resource(cast: Cast) -> models.Resource:
    offering = _offering(cast)
    columns: dict[str, Any] = {"offering": offering, "project": cast.project, "plan": offering.plans.get()}
    return models.Resource.objects.get_or_create(name="machine", state="OK", defaults=columns)[0]


def _link(kind: str, obj: Any) -> str:
    return f"http://testserver/api/{kind}/{obj.uuid.hex}/"


def _new_order(cast: Cast) -> dict[str, Any]:
    offering = _link("marketplace-public-offerings", _offering(cast))
    return {
        "offering": offering,
        "plan": f"{offering}plans/{_offering(cast).plans.get().uuid.hex}/",
        "project": _link("projects", cast.project),
        "attributes": {"name": "another"},
        "limits": {"cores": 1, "ram": 1024},
    }


def _new_offering(cast: Cast) -> dict[str, Any]:
    category = _link("marketplace-categories", models.Category.objects.get(title="Machines"))
    return {"name": "New", "type": MACHINE, "category": category, "customer": _link("customers", cast.provider)}


def _new_plan(cast: Cast) -> dict[str, Any]:
    return {"name": "New", "offering": _link("marketplace-provider-offerings", _offering(cast))}


@example_of(models.Category, seen_by=EVERYBODY, new=lambda cast: {"title": "New"})
def category(cast: Cast) -> models.Category:
    return _offering(cast).category


@example_of(
    models.ServiceProvider,
    seen_by=EVERYBODY,
    new=lambda cast: {"customer": _link("customers", cast.provider)},
    made_on=("provider",),
)
def provider(cast: Cast) -> models.ServiceProvider:
    return models.ServiceProvider.objects.get_or_create(customer=cast.provider)[0]


@example_of(
    models.Offering,
    seen_by=EVERYBODY,
    in_views={"ProviderOfferingViewSet": PROVIDER, "AgentOfferingViewSet": PROVIDER},
    new=_new_offering,
    made_on=("provider",),
)
def offering(cast: Cast) -> models.Offering:
    return _offering(cast)


@example_of(models.Plan, seen_by=EVERYBODY, new=_new_plan, made_on=("provider",))
def plan(cast: Cast) -> models.Plan:
    return _offering(cast).plans.get()


@example_of(models.PlanComponent, seen_by=EVERYBODY)
def plan_component(cast: Cast) -> models.PlanComponent:
    found: models.PlanComponent = plan(cast).components.all()[0]
    return found


@example_of(
    models.Resource,
    seen_by=TEAM | PROVIDER,
    in_views=dict.fromkeys(
        ("ProviderResourceViewSet", "ProviderResourceTeamViewSet", "MembershipReportViewSet"), PROVIDER
    ),
)
def resource(cast: Cast) -> models.Resource:
    return _resource(cast)


@example_of(models.Order, seen_by=TEAM | PROVIDER, new=_new_order)
def order(cast: Cast) -> models.Order:
    of = _resource(cast)
    return models.Order.objects.create(
        type="Create",
        state="pending-consumer",
        resource=of,
        offering=of.offering,
        project=of.project,
        plan=of.plan,
        created_by=cast.member,
    )


@example_of(models.ComponentUsage, seen_by=TEAM | PROVIDER, made_on=("provider",))
def component_usage(cast: Cast) -> models.ComponentUsage:
    of = _resource(cast)
    component = of.offering.components.get(type="cores")
    columns = {"billing_period": "2024-01-01", "usage": 3}
    return models.ComponentUsage.objects.get_or_create(resource=of, component=component, defaults=columns)[0]


@example_of(models.ComponentUserUsage, seen_by=TEAM | PROVIDER)
def component_user_usage(cast: Cast) -> models.ComponentUserUsage:
    return models.ComponentUserUsage.objects.create(component_usage=component_usage(cast), username="ann", usage=1)
