"""What an agent reads costs the same number of queries for one row and for twenty; so does a project of many people."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import client_of, grant, make_user
from tests.marketplace_site_agent.stage import AgentStage
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace_site_agent import models
from waldur_mastermind.marketplace_site_agent.offering_users import ensure_accounts


def one_more(stage: AgentStage, number: int) -> None:
    """One more of everything that is listed."""
    identity = stage.make_identity(name=f"agent {number}")
    service = models.AgentService.objects.create(identity=identity, name="s")
    models.AgentProcessor.objects.create(service=service, name="p", backend_type="ledger")
    member = make_user(f"one-of-many-{number}")
    grant(member, RoleName.PROJECT_MEMBER, stage.project)
    account = models.OfferingUser.objects.create(offering=stage.vdc, user=member, username=f"m{number}", state="OK")
    resource = stage.make_vdc(backend_id=f"led-{number}", secret_metadata={"password": "hush"})
    models.ResourceApiKey.objects.create(resource=resource, client_id="key", api_key="hush")
    models.AgentLog.objects.create(identity=identity, timestamp=number, level="INFO", message="m", module="m")
    component = stage.vdc.components.get(type="cpu")
    models.UserUsageLimit.objects.create(resource=resource, component=component, user=account, limit=1)
    columns = {"offering": stage.vdc, "project": stage.project, "name": "old"}
    models.BackendResource.objects.create(backend_id=f"old-{number}", **columns)
    models.BackendResourceRequest.objects.create(offering=stage.vdc)
    models.ProjectServiceAccount.objects.create(project=stage.project, username=f"robot{number}")


def counted(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_lists_cost_the_same_for_twenty(stage: AgentStage) -> None:
    client = client_of(stage.agent)
    one_more(stage, 0)
    resource = stage.vdc.resources.earliest("pk")
    lists = [
        "marketplace-site-agent-identities",
        "marketplace-site-agent-services",
        "marketplace-site-agent-processors",
        "marketplace-offering-users",
        "component-user-usage-limits",
        "backend-resources",
        "marketplace-resource-api-keys",
        "marketplace-site-agent-logs",
        "backend-resource-requests",
        "marketplace-provider-resources",
        "marketplace-orders",
        f"marketplace-provider-resources/{resource.uuid}/team",
        f"marketplace-provider-offerings/{stage.vdc.uuid}/list_project_service_accounts",
        f"marketplace-service-providers/{stage.provider.service_provider.uuid}/keys",
    ]

    def cost(path: str) -> int:
        return counted(lambda: client.get(f"/api/{path}/", {"page_size": 100}))

    for path in lists:
        cost(path)  # fills the cache of content types
    before = {path: cost(path) for path in lists}
    for number in range(1, 6):
        one_more(stage, number)
    assert {path: cost(path) for path in lists} == before


def test_accounts_of_many_people_are_made_at_once(stage: AgentStage) -> None:
    few, many = ([make_user() for _ in range(number)] for number in (2, 20))
    ensure_accounts(stage.vdc, few[:1])  # fills the cache of content types
    assert counted(lambda: ensure_accounts(stage.vdc, few[1:])) == counted(lambda: ensure_accounts(stage.vdc, many))
    assert stage.vdc.offering_users.count() == 22
