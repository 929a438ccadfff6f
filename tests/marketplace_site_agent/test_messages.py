"""What agents are told is written with the change, and leaves only when RabbitMQ has it."""

from typing import Any

import pytest
from django.db import transaction

from tests.factories import client_of, make_project, make_user
from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import AgentStage
from waldur_core.structure.models import AuthToken
from waldur_mastermind.marketplace_site_agent.messages.carrier import carry
from waldur_mastermind.marketplace_site_agent.models import AgentMessage, AgentQueue

TYPES = [
    "order", "resource", "user_role", "offering_user", "service_account", "course_account",
    "offering_resources_sync", "importable_resources",
]  # fmt: skip


@pytest.fixture
def queue(stage: AgentStage) -> AgentQueue:
    digest = AuthToken.objects.issue(stage.agent).digest
    return AgentQueue.objects.create(
        identity=stage.make_identity(), user=stage.agent, object_types=TYPES, token_digest=digest
    )


def told() -> list[Any]:
    """The bodies that wait, which are taken away."""
    bodies = [message.body for message in AgentMessage.objects.all()]
    AgentMessage.objects.all().delete()
    return bodies


def test_an_order_is_told_when_it_is_the_agents_turn(stage: AgentStage, queue: AgentQueue) -> None:
    order = stage.placed(stage.member, stage.vdc, limits={"cpu": 1, "ram": 1})
    assert told() == []
    post(stage.owner, order, "approve_by_consumer")
    messages = [body for body in told() if body["object_type"] == "order"]
    assert messages == [{"object_type": "order", "order_uuid": order.uuid.hex, "order_state": "pending-provider"}]
    post(stage.agent, order, "approve_by_provider")
    assert told() == []
    post(stage.agent, order, "set_state_erred", {"error_message": "full"})
    assert told() == []


def test_a_change_that_is_rolled_back_tells_nothing(stage: AgentStage, queue: AgentQueue) -> None:
    with transaction.atomic():
        stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})
        assert AgentMessage.objects.exists()
        transaction.set_rollback(True)
    assert told() == []


def test_roles_marks_and_questions_are_told(stage: AgentStage, queue: AgentQueue) -> None:
    resource = stage.make_vdc()
    body = {"user": stage.member.uuid.hex, "role": "PROJECT.MEMBER"}
    post(stage.owner, stage.project, "delete_user", body, "projects")
    assert told() == [
        {
            "object_type": "user_role",
            "user_uuid": stage.member.uuid.hex,
            "user_username": "member",
            "project_uuid": stage.project.uuid.hex,
            "project_name": "Project",
            "role_name": "PROJECT.MEMBER",
            "granted": False,
        }
    ]
    post(stage.staff, resource, "set_paused", {"paused": True})
    post(stage.owner, resource, "pull")
    assert told() == [{"object_type": "resource", "resource_uuid": resource.uuid.hex}] * 2
    assert post(stage.agent, stage.vdc, "sync_resources").status_code == 202
    [message] = told()
    assert (message["offering_uuid"], message["requested_by_user_uuid"]) == (stage.vdc.uuid.hex, stage.agent.uuid.hex)
    asked = client_of(stage.provider_owner).post("/api/backend-resource-requests/", {"offering": stage.vdc.uuid.hex})
    assert told() == [{"object_type": "importable_resources", "backend_resource_request_uuid": asked.json()["uuid"]}]
    robot = {"username": "robot", "project": stage.project.uuid.hex}
    client_of(stage.owner).post("/api/marketplace-project-service-accounts/", robot)
    [message] = told()
    assert (message["object_type"], message["account_username"], message["action"]) == (
        "service_account", "robot", "create",
    )  # fmt: skip


def test_an_account_is_told_with_what_its_user_works_with(stage: AgentStage, queue: AgentQueue) -> None:
    AgentQueue.objects.update(object_types=["offering_user"])
    stage.make_vdc(backend_id="b")
    stage.make_vdc(backend_id="a")
    stage.make_vdc(backend_id="gone", state="Terminated")
    stage.make_vdc(backend_id="")
    stage.make_vdc(backend_id="elsewhere", project=make_project(stage.customer))
    newcomer = make_user("newcomer")
    body = {"user": newcomer.uuid.hex, "role": "PROJECT.MEMBER"}
    post(stage.owner, stage.project, "add_user", body, "projects")
    [message] = told()
    assert (message["action"], message["username"]) == ("create", "newcomer")
    assert message["resource_backend_ids"] == ["a", "b"]
    post(stage.owner, stage.project, "delete_user", body, "projects")
    [message] = told()
    assert (message["state"], message["resource_backend_ids"]) == ("Requested deletion", [])


def test_what_the_agent_writes_itself_is_not_told_to_it(stage: AgentStage, queue: AgentQueue) -> None:
    resource = stage.make_vdc()
    for action, body in (("set_backend_id", {"backend_id": "x"}), ("set_limits", {"limits": {"cpu": 3}})):
        post(stage.agent, resource, action, body, "marketplace-provider-resources")
    post(stage.agent, resource, "set_as_erred", {}, "marketplace-provider-resources")
    post(stage.agent, resource, "refresh_last_sync", {}, "marketplace-provider-resources")
    assert told() == []


def test_only_those_who_listen_are_told(stage: AgentStage, queue: AgentQueue) -> None:
    AgentQueue.objects.update(object_types=["order"])
    post(stage.staff, stage.make_vdc(), "set_paused", {"paused": True})
    assert told() == []
    stage.placed(stage.owner, stage.vm)
    assert told() == []


@pytest.mark.parametrize("amqp", ["", "amqp://guest:guest@127.0.0.1:9//"])
def test_messages_wait_while_the_broker_is_away(stage: AgentStage, queue: AgentQueue, settings: Any, amqp: str) -> None:
    settings.SITE_AGENT = {"RABBITMQ_MANAGEMENT_URL": "http://127.0.0.1:9", "RABBITMQ_AMQP_URL": amqp}
    stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})
    waiting = AgentMessage.objects.count()
    assert waiting > 0
    assert carry() == 0
    assert AgentMessage.objects.count() == waiting
    orders = client_of(stage.agent).get("/api/marketplace-orders/", {"state": "pending-provider"}).json()
    assert len(orders) == 1, "polling works meanwhile"
