"""Keys that agents make for what runs in a resource: stored encrypted, shown to those who may see credentials."""

from typing import Any

import pytest
import waldur_api_client.models as client_models
from django.db import connection

from tests.factories import client_of
from tests.marketplace_site_agent.stage import AgentStage
from waldur_core.events.models import Event
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_site_agent.models import ResourceApiKey

URL = "/api/marketplace-resource-api-keys/"


def report(stage: AgentStage, of: Resource, user: Any = None, **changes: Any) -> Any:
    body = {"resource": str(of.uuid), "client_id": "first", "api_key": "hush-1", **changes}
    return client_of(user or stage.agent).post(f"{URL}report_created/", body)


def act(user: Any, key: ResourceApiKey, action: str, body: Any) -> Any:
    return client_of(user).post(f"{URL}{key.uuid}/{action}/", body)


def test_a_key_is_reported_replaced_and_erred(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    made = report(stage, resource)
    assert made.status_code == 201
    status = client_models.ResourceApiKeyStatus.from_dict(made.json())
    assert (status.client_id, status.state, status.resource_backend_id) == ("first", "OK", resource.backend_id)
    key = ResourceApiKey.objects.get()
    replaced = act(stage.agent, key, "set_key", {"api_key": "hush-2"})
    assert replaced.status_code == 200
    assert client_models.ResourceApiKeyStatus.from_dict(replaced.json()).issued_at > status.issued_at  # type: ignore[operator]
    erred = act(stage.agent, key, "set_erred", {"error_message": "The gateway is away."})
    assert (erred.status_code, erred.json()["state"]) == (200, "Erred")
    assert erred.json()["error_message"] == "The gateway is away."
    again = act(stage.agent, key, "set_key", {"api_key": "hush-3", "client_id": "second"}).json()
    assert (again["state"], again["error_message"], again["client_id"]) == ("OK", "", "second")
    assert "hush" not in str([made.json(), replaced.json(), erred.json(), again])


def test_a_report_that_comes_twice_is_one_key(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    first = report(stage, resource)
    second = report(stage, resource, api_key="hush-2")
    assert (second.status_code, second.json()["uuid"]) == (201, first.json()["uuid"])
    assert ResourceApiKey.objects.get().api_key == "hush-2"


def test_keys_are_encrypted_and_shown_to_those_who_may_see_credentials(stage: AgentStage) -> None:
    report(stage, stage.make_vdc())
    key = ResourceApiKey.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM marketplace_site_agent_resourceapikey")
        assert "hush" not in str(cursor.fetchall())
    for user in (stage.owner, stage.manager, stage.admin, stage.agent, stage.staff):
        answer = client_of(user).get(f"{URL}{key.uuid}/reveal/")
        assert client_models.ResourceApiKey.from_dict(answer.json()).api_key == "hush-1"
    assert Event.objects.filter(event_type="resource_api_key_revealed").count() == 5
    for user, code in ((stage.member, 403), (stage.support, 403), (stage.stranger, 404)):
        assert client_of(user).get(f"{URL}{key.uuid}/reveal/").status_code == code
    assert client_of(stage.member).get(f"{URL}{key.uuid}/").json()["client_id"] == "first"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"resource": "no uuid"}, "resource"),
        ({"resource": "0" * 32}, "resource"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "x" * 300}, "client_id"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "a\0b"}, "api_key"),
        ({"api_key": None}, "api_key"),
    ],
)
def test_what_is_reported_wrongly_is_named(stage: AgentStage, changes: Any, field: str) -> None:
    answer = report(stage, stage.make_vdc(), **changes)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not ResourceApiKey.objects.exists()


def test_only_the_provider_reports_and_only_for_what_is_alive(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    report(stage, resource)
    key = ResourceApiKey.objects.get()
    for user, code in ((stage.owner, 403), (stage.member, 403), (stage.support, 403), (stage.stranger, 400)):
        assert report(stage, resource, user=user, api_key="mine").status_code == code
    for user, code in ((stage.owner, 403), (stage.support, 403), (stage.stranger, 404)):
        assert act(user, key, "set_key", {"api_key": "mine"}).status_code == code
        assert act(user, key, "set_erred", {"error_message": "mine"}).status_code == code
    foreign = stage.make_vdc(offering=stage.make_agent_offering("Other", [], []))
    assert report(stage, foreign).status_code == 400
    assert report(stage, stage.make_vdc(state="Terminated")).status_code == 409
    assert list(ResourceApiKey.objects.values_list("client_id", "state")) == [("first", "OK")]
    key.refresh_from_db()
    assert key.api_key == "hush-1"


def test_bad_changes_leave_the_key(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    report(stage, resource)
    report(stage, resource, client_id="second")
    key = ResourceApiKey.objects.get(client_id="first")
    taken = act(stage.agent, key, "set_key", {"api_key": "hush-2", "client_id": "second"})
    assert (taken.status_code, list(taken.json())) == (400, ["client_id"])
    assert list(act(stage.agent, key, "set_key", {}).json()) == ["api_key"]
    assert list(act(stage.agent, key, "set_erred", {}).json()) == ["error_message"]
    key.refresh_from_db()
    assert (key.api_key, key.state) == ("hush-1", "OK")


def test_keys_are_narrowed(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    report(stage, resource)
    client = client_of(stage.agent)

    def number(**query: Any) -> int:
        return len(client.get(URL, query).json())

    assert number(resource_uuid=resource.uuid.hex, offering_uuid=stage.vdc.uuid.hex, state=["OK", "Erred"]) == 1
    assert number(offering_uuid=stage.vm.uuid.hex) == number(state="Erred") == 0
    assert client.get(URL, {"field": "client_id"}).json() == [{"client_id": "first"}]
    assert (number(has_pending_action=True), number(has_pending_action=False)) == (0, 1)
    assert (number(modified_before="2000-01-01T00:00:00Z"), client.get(URL, {"resource_uuid": "x"}).status_code) == (
        0,
        400,
    )
