"""Every answer can be read by the published client, and by the functions that the agent calls."""

from typing import Any

import pytest
import waldur_api_client.models as client_models

from tests.factories import client_of
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace_site_agent import models

API = "/api/"


def everything(stage: AgentStage) -> None:
    """One of each, with little and with much to tell."""
    identity = stage.make_identity(version="1.0.7", dependencies=[{"package": "httpx", "version": "0.28"}])
    stage.make_identity(name="bare", created_by=None)
    service = models.AgentService.objects.create(identity=identity, name="orders", mode="order_process")
    models.AgentProcessor.objects.create(service=service, name="p", backend_type="ledger")
    account = models.OfferingUser.objects.create(offering=stage.vdc, user=stage.member, username="m", state="OK")
    models.OfferingUser.objects.create(offering=stage.vdc, user=stage.admin)
    resource = stage.make_vdc(endpoints=[{"uuid": "0" * 32, "name": "Page", "url": "https://a.example.org"}])
    models.AgentLog.objects.create(identity=identity, timestamp=1.5, level="ERROR", message="full", module="m")
    models.ResourceApiKey.objects.create(resource=resource, client_id="first", api_key="hush")
    component = stage.vdc.components.get(type="cpu")
    models.UserUsageLimit.objects.create(resource=resource, component=component, user=account, limit=3)
    models.BackendResourceRequest.objects.create(offering=stage.vdc)
    models.BackendResource.objects.create(offering=stage.vdc, project=stage.project, name="old", backend_id="old")
    models.ProjectServiceAccount.objects.create(project=stage.project, username="robot")
    models.CourseAccount.objects.create(project=stage.project, username="student")
    stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})


PAGES = [
    ("marketplace-site-agent-identities", "AgentIdentity", 2),
    ("marketplace-site-agent-services", "AgentService", 1),
    ("marketplace-site-agent-processors", "AgentProcessor", 1),
    ("marketplace-resource-api-keys", "ResourceApiKeyStatus", 1),
    ("marketplace-offering-users", "OfferingUser", 3),
    ("component-user-usage-limits", "ComponentUserUsageLimit", 1),
    ("backend-resource-requests", "BackendResourceReq", 1),
    ("backend-resources", "BackendResource", 1),
    ("marketplace-orders", "OrderDetails", 2),
    ("marketplace-provider-resources", "Resource", 2),
    ("marketplace-provider-offerings", "ProviderOfferingDetails", 2),
    ("marketplace-plans", "ProviderPlanDetails", 5),
]


@pytest.mark.parametrize(("path", "model", "number"), PAGES)
def test_lists_that_the_agent_reads(stage: AgentStage, path: str, model: str, number: int) -> None:
    everything(stage)
    rows = client_of(stage.agent).get(f"{API}{path}/", {"page_size": 100}).json()
    assert len(rows) == number
    for row in rows:
        parsed: Any = getattr(client_models, model).from_dict(row)
        assert parsed.uuid.hex == row["uuid"]
        assert client_of(stage.agent).get(f"{API}{path}/{parsed.uuid}/").json().keys() == row.keys()


@pytest.mark.parametrize(
    ("path", "model", "number"),
    [
        ("marketplace-provider-offerings/{offering}/list_project_service_accounts", "ProjectServiceAccount", 1),
        ("marketplace-provider-offerings/{offering}/list_course_accounts", "CourseAccount", 1),
        ("marketplace-service-providers/{provider}/keys", "SshKey", 1),
        ("marketplace-site-agent-logs", "SiteAgentLog", 1),
        ("marketplace-provider-resources/{resource}/team", "ProjectUser", 3),
    ],
)
def test_lists_of_actions(stage: AgentStage, path: str, model: str, number: int) -> None:
    everything(stage)
    resource = stage.vdc.resources.get(backend_id="led-machine")
    names = {"offering": stage.vdc.uuid, "provider": stage.provider.service_provider.uuid, "resource": resource.uuid}
    rows = client_of(stage.agent).get(f"{API}{path}/".format(**names)).json()
    assert len([getattr(client_models, model).from_dict(row) for row in rows]) == number


def test_what_the_agent_is_told_of_its_offering(stage: AgentStage) -> None:
    url = f"{API}marketplace-provider-offerings/{stage.vdc.uuid}/"
    client = client_of(stage.agent)
    config = client_models.OfferingUserAttributeConfig.from_dict(client.get(f"{url}user-attribute-config/").json())
    assert config.exposed_fields == ["username", "full_name", "email"]
    sparse = client.get(url, {"field": ["components", "customer_uuid", "partitions", "plugin_options"]}).json()
    assert sparse.keys() == {"components", "customer_uuid", "plugin_options"}
    assert [item["type"] for item in sparse["components"]] == ["cpu", "ram", "traffic"]
