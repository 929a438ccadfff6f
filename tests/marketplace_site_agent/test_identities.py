"""An agent makes itself known, with the token of an offering manager."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from tests.factories import client_of
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace_site_agent.models import AgentIdentity, AgentProcessor, AgentService

URL = "/api/marketplace-site-agent-identities/"


def body(stage: AgentStage, **changes: Any) -> dict[str, Any]:
    dependencies = [{"package": "httpx", "version": "0.28.1"}]
    return {"offering": str(stage.vdc.uuid), "name": "a", "version": "1.0.7", "dependencies": dependencies, **changes}


def test_it_registers_itself_its_services_and_processors_once(stage: AgentStage) -> None:
    client = client_of(stage.agent)
    made = client.post(URL, body(stage, config_file_content="waldur_api_token: hush"))
    assert made.status_code == 201
    identity = made.json()
    assert (identity["offering"], identity["created_by"]) == (stage.vdc.uuid.hex, stage.agent.uuid.hex)
    assert identity["compatibility"]["status"] == "compatible"
    assert "hush" not in made.content.decode()
    url = f"{URL}{identity['uuid']}/"
    assert client.put(url, body(stage, version="1.0.8")).json()["version"] == "1.0.8"
    assert [client.post(f"{url}register_service/", {"name": "s", "mode": "report"}).status_code for _ in "ab"] == [
        201,
        200,
    ]
    processor = {"name": "p", "backend_type": "ledger", "backend_version": "1"}
    path = f"/api/marketplace-site-agent-services/{AgentService.objects.get().uuid}/register_processor/"
    assert [client.post(path, processor).status_code for _ in "ab"] == [201, 200]
    assert AgentProcessor.objects.get().last_run is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"offering": "no uuid"}, "offering"),
        ({"offering": "0" * 32}, "offering"),
        ({"dependencies": [{"package": "httpx"}]}, "dependencies"),
        ({"version": "1" * 60}, "version"),
        ({"last_restarted": "yesterday"}, "last_restarted"),
    ],
)
def test_what_it_tells_wrongly_is_named(stage: AgentStage, changes: Any, field: str) -> None:
    answer = client_of(stage.agent).post(URL, body(stage, **changes))
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not AgentIdentity.objects.exists()


def test_two_modes_that_start_one_after_the_other_are_one_agent(stage: AgentStage) -> None:
    first = client_of(stage.agent).post(URL, body(stage, version="1.0.6"))
    second = client_of(stage.provider_owner).post(URL, body(stage, version="1.0.7"))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["uuid"] == first.json()["uuid"]
    assert (second.json()["version"], second.json()["created_by"]) == ("1.0.7", stage.agent.uuid.hex)


@pytest.mark.django_db(transaction=True)
def test_modes_that_start_at_once_are_one_agent() -> None:
    stage = AgentStage()
    modes = [client_of(stage.agent) for _ in range(4)]
    together = Barrier(len(modes))

    def start(client: Any) -> tuple[int, str]:
        together.wait(10)
        answer = client.post(URL, body(stage))
        connection.close()
        return answer.status_code, answer.json()["uuid"]

    with ThreadPoolExecutor(len(modes)) as threads:
        answers = list(threads.map(start, modes))
    assert answers == [(201, AgentIdentity.objects.get().uuid.hex)] * len(modes)


def test_names_are_unique_within_an_offering(stage: AgentStage) -> None:
    identity, other = stage.make_identity(), stage.make_identity(name="other")
    client = client_of(stage.agent)
    renamed = client.put(f"{URL}{other.uuid}/", body(stage, name=identity.name))
    assert (renamed.status_code, list(renamed.json())) == (400, ["name"])
    elsewhere = client.post(URL, body(stage, name=identity.name, offering=stage.vm.uuid.hex))
    assert (elsewhere.status_code, AgentIdentity.objects.count()) == (201, 3)
    moved = client.put(f"{URL}{identity.uuid}/", body(stage, offering=stage.vm.uuid.hex))
    assert moved.json() == {"offering": ["An agent stays with its offering."]}


def test_all_agents_are_listed_at_once_unless_pages_are_asked_for(stage: AgentStage) -> None:
    for number in range(12):
        stage.make_identity(name=f"agent-{number:02}")
    client = client_of(stage.agent)
    assert len(client.get(URL).json()) == 12
    page = client.get(URL, {"page_size": 5})
    assert (len(page.json()), page["X-Result-Count"]) == (5, "12")
    assert [row["name"] for row in client.get(URL, {"name": "agent-03"}).json()] == ["agent-03"]


def test_the_manager_of_one_offering_is_nobody_at_another(stage: AgentStage) -> None:
    other = stage.make_agent_offering("Other", [], [])
    identity = stage.make_identity(offering=other)
    client = client_of(stage.agent)
    assert client.get(f"{URL}{identity.uuid}/").status_code == 404
    assert client.post(f"{URL}{identity.uuid}/register_service/", {"name": "s"}).status_code == 404
    assert client.post(URL, body(stage, offering=other.uuid.hex)).status_code == 403
    assert not AgentService.objects.exists()


def test_without_rabbitmq_an_agent_is_told_to_poll(stage: AgentStage, settings: Any) -> None:
    settings.SITE_AGENT = {"RABBITMQ_MANAGEMENT_URL": "", "RABBITMQ_AMQP_URL": ""}
    url = f"{URL}{stage.make_identity().uuid}/register_queue/"
    answer = client_of(stage.agent).post(url, {"object_types": ["order"]})
    assert answer.status_code == 424
    assert "stomp_enabled" in answer.json()["detail"]
    assert client_of(stage.agent).post(url, {"object_types": ["weather"]}).status_code == 400


def test_a_rabbitmq_that_is_away_is_a_503_and_leaves_nothing(stage: AgentStage, settings: Any) -> None:
    settings.SITE_AGENT = {"RABBITMQ_MANAGEMENT_URL": "http://127.0.0.1:9", "RABBITMQ_AMQP_URL": "amqp://127.0.0.1:9"}
    url = f"{URL}{stage.make_identity().uuid}/register_queue/"
    assert client_of(stage.agent).post(url, {"object_types": ["order"]}).status_code == 503
    assert not hasattr(AgentIdentity.objects.get(), "queue")


def test_bearer_is_as_good_as_token(stage: AgentStage) -> None:
    client = client_of(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {stage.token}")
    assert client.get("/api/users/me/").json()["username"] == "agent"
