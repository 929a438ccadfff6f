"""Examples of what belongs to service agents: an agent of the provider's offering, and accounts at its service."""

from typing import Any

from tests.api.examples import PASSES, TEAM, example_of
from tests.api.examples.marketplace import PROVIDER, offering, resource
from tests.factories import Cast
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_site_agent import models
from waldur_mastermind.marketplace_site_agent.api.providers import KeysReader
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT

PASSES[KeysReader] = frozenset({"provider_owner"})  # CUSTOMER.OWNER of the provider


@example_of(
    models.AgentIdentity,
    seen_by=PROVIDER,
    new=lambda cast: {"offering": offering(cast).uuid.hex, "name": "new"},
    made_on=("provider",),
)
def identity(cast: Cast) -> models.AgentIdentity:
    return models.AgentIdentity.objects.get_or_create(offering=offering(cast), name="agent")[0]


def _new_line(cast: Cast) -> Any:
    line = {"timestamp": 1, "level": "ERROR", "message": "new", "module": "m"}
    return [{"agent_identity_uuid": identity(cast).uuid.hex, **line}]


@example_of(models.AgentLog, seen_by=PROVIDER, new=_new_line, made_on=("provider",))
def log(cast: Cast) -> models.AgentLog:
    columns = {"timestamp": 1, "level": "ERROR", "message": "full", "module": "m"}
    return models.AgentLog.objects.create(identity=identity(cast), **columns)


@example_of(models.ResourceApiKey, seen_by=TEAM | PROVIDER, made_on=("provider",))
def api_key(cast: Cast) -> models.ResourceApiKey:
    return models.ResourceApiKey.objects.get_or_create(resource=resource(cast), client_id="key", api_key="hush")[0]


@example_of(models.AgentService, seen_by=PROVIDER)
def service(cast: Cast) -> models.AgentService:
    return models.AgentService.objects.get_or_create(identity=identity(cast), name="order_process")[0]


@example_of(models.AgentProcessor, seen_by=PROVIDER)
def processor(cast: Cast) -> models.AgentProcessor:
    columns = {"service": service(cast), "name": "processor", "backend_type": "ledger"}
    return models.AgentProcessor.objects.get_or_create(**columns)[0]


@example_of(
    models.OfferingUser,
    seen_by=PROVIDER | {"member"},
    new=lambda cast: {"offering_uuid": offering(cast).uuid.hex, "user_uuid": cast.member.uuid.hex},
    made_on=("provider",),
)
def offering_user(cast: Cast) -> models.OfferingUser:
    return models.OfferingUser.objects.get_or_create(offering=offering(cast), user=cast.member)[0]


def _new_account(cast: Cast) -> dict[str, Any]:
    return {"username": "new", "project": cast.project.uuid.hex}


@example_of(models.ProjectServiceAccount, seen_by=TEAM, new=_new_account)
def service_account(cast: Cast) -> models.ProjectServiceAccount:
    return models.ProjectServiceAccount.objects.get_or_create(project=cast.project, username="robot")[0]


@example_of(models.CourseAccount, seen_by=TEAM, new=_new_account)
def course_account(cast: Cast) -> models.CourseAccount:
    return models.CourseAccount.objects.get_or_create(project=cast.project, username="student")[0]


def _agent_offering(cast: Cast) -> Offering:
    """Of the provider; what is asked of agents is asked of offerings of their type."""
    category = offering(cast).category
    columns = {"type": SITE_AGENT, "category": category, "state": "Active"}
    found = Offering.objects.filter(customer=cast.provider, type=SITE_AGENT).first()
    return found or Offering.objects.create(name="Served by an agent", customer=cast.provider, **columns)


@example_of(
    models.BackendResourceRequest,
    seen_by=PROVIDER,
    new=lambda cast: {"offering": _agent_offering(cast).uuid.hex},
    made_on=("provider",),
)
def backend_resource_request(cast: Cast) -> models.BackendResourceRequest:
    return models.BackendResourceRequest.objects.create(offering=_agent_offering(cast))


@example_of(
    models.BackendResource,
    seen_by=PROVIDER,
    new=lambda cast: {
        "offering": _agent_offering(cast).uuid.hex,
        "project": cast.project.uuid.hex,
        "name": "new",
        "backend_id": "new",
    },
    made_on=("provider",),
)
def backend_resource(cast: Cast) -> models.BackendResource:
    columns = {"offering": _agent_offering(cast), "project": cast.project, "name": "found"}
    return models.BackendResource.objects.create(backend_id="found", **columns)


def _new_limit(cast: Cast) -> dict[str, Any]:
    of = resource(cast)
    component = of.offering.components.get(type="ram")
    user = f"http://testserver/api/marketplace-offering-users/{offering_user(cast).uuid.hex}/"
    link = f"http://testserver/api/marketplace-resources/{of.uuid.hex}/"
    return {"resource": link, "component": component.uuid.hex, "user": user, "limit": 1}


@example_of(models.UserUsageLimit, seen_by=TEAM | PROVIDER, new=_new_limit)
def user_limit(cast: Cast) -> models.UserUsageLimit:
    of = resource(cast)
    columns = {"resource": of, "component": of.offering.components.get(type="cores"), "user": offering_user(cast)}
    return models.UserUsageLimit.objects.create(limit=2, **columns)
