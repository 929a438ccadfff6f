"""Examples of what belongs to service agents: an agent of the provider's offering, and accounts at its service."""

from typing import Any

from tests.api.examples import PASSES, TEAM, example_of
from tests.api.examples.marketplace import PROVIDER, offering
from tests.factories import Cast
from waldur_mastermind.marketplace_site_agent import models
from waldur_mastermind.marketplace_site_agent.api.providers import KeysReader

PASSES[KeysReader] = frozenset({"provider_owner"})  # CUSTOMER.OWNER of the provider


@example_of(
    models.AgentIdentity,
    seen_by=PROVIDER,
    new=lambda cast: {"offering": offering(cast).uuid.hex, "name": "new"},
    made_on=("provider",),
)
def identity(cast: Cast) -> models.AgentIdentity:
    return models.AgentIdentity.objects.get_or_create(offering=offering(cast), name="agent")[0]


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
