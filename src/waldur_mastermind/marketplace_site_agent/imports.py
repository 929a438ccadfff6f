"""Taking into the marketplace what an agent found at its service."""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from waldur_core.events.log import record
from waldur_core.permissions.checks import where_permitted
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_to
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Plan, Resource
from waldur_mastermind.marketplace.orders import checks, periods
from waldur_mastermind.marketplace.plugins import plugin_for
from waldur_mastermind.marketplace.secrets import split
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell_resource
from waldur_mastermind.marketplace_site_agent.models import BackendResource
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT

BillingType = OfferingComponent.BillingType


def known_projects(offering: Offering, user: Any) -> QuerySet[Project]:
    """The projects that had something of the offering, and those the user sees."""
    customers = Resource.objects.filter(offering=offering).values("project_id")
    seen = visible_to(user, Project.objects.all())
    return Project.objects.filter(Q(pk__in=customers) | Q(pk__in=seen.values("pk")))


def findable_projects(user: Any) -> Q:
    """The same for every offering whose importable resources the user may list: an agent looks them up by slug."""
    permitted = where_permitted(
        user, Permission.RESOURCE_LIST_IMPORTABLE, {"offering": Offering, "offering__customer": Customer}
    )
    return Q(pk__in=Resource.objects.filter(permitted, offering__type=SITE_AGENT).values("project_id"))


def known_as(offering: Offering, project: Project, backend_id: str) -> Resource | None:
    """The live resource that this is already: one of the offering, or of another one of the provider's.

    Offerings may sell one service, and an agent sees there what it made for all of them. Its ids follow from the
    resources' slugs, which are unique, so that another offering's resource of this id is the same thing. Only ids made
    of the project's slug come again in each service.
    """
    alive = Resource.objects.filter(backend_id=backend_id, state__in=Resource.ALIVE).select_related("offering")
    where = Q(offering=offering)
    if offering.plugin_options.get("account_name_generation_policy") != "project_slug":
        where |= Q(offering__type=SITE_AGENT, offering__customer=offering.customer, project=project)
    return alive.filter(where).first()


def check_unknown(offering: Offering, project: Project, backend_id: str) -> None:
    if known := known_as(offering, project, backend_id):
        raise checks.refuse("backend_id", f"This is known already: it is {known} of {known.offering}.")


def plan_of_its_size(found: BackendResource) -> Plan | None:
    """Where plans have fixed amounts, the one whose amounts it has; without such, or such as nobody told, the first."""
    plans = list(found.offering.plans.filter(archived=False).prefetch_related("components__component").order_by("pk"))
    size, fitting = _told_limits(found), []
    for plan in plans:
        fixed = [each for each in plan.components.all() if each.component.billing_type == BillingType.FIXED]
        amounts = {each.component.type: each.amount for each in fixed if each.component.type in size}
        if all(size[kind] == amount for kind, amount in amounts.items()):
            fitting.append(plan)
    if plans and not fitting:
        told = ", ".join(f"{kind} {amount}" for kind, amount in sorted(size.items()))
        raise checks.refuse("plan", f"No plan has its size ({told}): choose one.")
    return fitting[0] if fitting else None


def _told_limits(found: BackendResource) -> dict[str, Any]:
    told = found.backend_metadata.get("limits")
    return told if isinstance(told, dict) else {}


@transaction.atomic
def import_resource(found: BackendResource, plan: Plan | None, user: Any) -> Resource:
    """A resource that is OK at once, with what the agent told of it; ValidationError where it cannot be had."""
    offering = found.offering
    check_unknown(offering, found.project, found.backend_id)
    plan = plan or plan_of_its_size(found)
    checks.check_plan(offering, plan, plugin_for(offering))
    checks.check_consumer(found.project)
    shown, secret = split(found.backend_metadata, {})
    hidden: Any = secret
    resource = Resource.objects.create(
        offering=offering,
        project=found.project,
        plan=plan,
        name=found.name,
        backend_id=found.backend_id,
        backend_metadata=shown,
        secret_metadata=hidden,
        state=Resource.State.OK,
    )
    if plan:
        periods.begin(resource, plan)
    text = f"{resource} has been imported from the service of {offering}."
    record("marketplace_resource_create_succeeded", text, scope=resource, actor=user)
    found.delete()
    tell_resource(resource)  # the agent looks at it: whose it is, what its limits are
    return resource
