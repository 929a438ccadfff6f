"""Taking into the marketplace what an agent found at its service."""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from waldur_core.events.log import record
from waldur_core.permissions.checks import where_permitted
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_to
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.models import Offering, Plan, Resource
from waldur_mastermind.marketplace.orders import checks, periods
from waldur_mastermind.marketplace.plugins import plugin_for
from waldur_mastermind.marketplace.secrets import split
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell_resource
from waldur_mastermind.marketplace_site_agent.models import BackendResource
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT


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


@transaction.atomic
def import_resource(found: BackendResource, plan: Plan | None, user: Any) -> Resource:
    """A resource that is OK at once, with what the agent told of it; ValidationError where it cannot be had."""
    offering = found.offering
    if plan is None:
        plan = offering.plans.filter(archived=False).order_by("pk").first()
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
