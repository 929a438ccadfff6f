"""What an agent writes about a resource, and who reads it."""

from typing import Any

import pytest

from tests.factories import client_of, grant, make_user
from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import AgentStage
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace_site_agent.models import OfferingUser

PROVIDER = "marketplace-provider-resources"
METADATA = {"backend_metadata": {"ip": "10.0.0.5", "opennebula_password": "hush", "login": {"token": "psst"}}}


def metadata_for(user: Any, resource: Resource) -> Any:
    return client_of(user).get(f"/api/marketplace-resources/{resource.uuid}/").json()["backend_metadata"]


def test_credentials_are_shown_to_those_who_run_the_project_and_masked_for_members(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    assert post(stage.agent, resource, "set_backend_metadata", METADATA, PROVIDER).status_code == 200
    for user in (stage.owner, stage.manager, stage.admin, stage.agent, stage.staff):
        assert metadata_for(user, resource) == METADATA["backend_metadata"]
    for user in (stage.member, stage.support):
        assert metadata_for(user, resource) == {"ip": "10.0.0.5", "opennebula_password": "***", "login": "***"}
    resource.refresh_from_db()
    assert resource.backend_metadata == {"ip": "10.0.0.5"}


def test_a_mask_that_comes_back_leaves_the_secret_and_what_is_not_named_goes(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    post(stage.agent, resource, "set_backend_metadata", METADATA, PROVIDER)
    post(stage.agent, resource, "set_backend_metadata", {"backend_metadata": {"opennebula_password": "***"}}, PROVIDER)
    assert metadata_for(stage.owner, resource) == {"opennebula_password": "hush"}


def test_endpoints_are_replaced_and_those_that_stay_keep_their_uuid(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    page, chat = {"name": "Page", "url": "https://a.example.org"}, {"name": "Chat", "url": "https://b.example.org"}
    assert post(stage.agent, resource, "set_endpoints", {"endpoints": [page]}, PROVIDER).status_code == 200
    first = client_of(stage.member).get(f"/api/marketplace-resources/{resource.uuid}/").json()["endpoints"]
    post(stage.agent, resource, "set_endpoints", {"endpoints": [page, chat]}, PROVIDER)
    both = client_of(stage.member).get(f"/api/marketplace-resources/{resource.uuid}/").json()["endpoints"]
    assert both[0] == first[0]
    assert [item["name"] for item in both] == ["Page", "Chat"]


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("set_backend_metadata", {}, "backend_metadata"),
        ("set_backend_metadata", {"backend_metadata": []}, "backend_metadata"),
        ("set_backend_metadata", {"backend_metadata": {"a": "\0"}}, "backend_metadata"),
        ("set_endpoints", {"endpoints": [{"name": "Page"}]}, "endpoints"),
        ("set_endpoints", {}, "endpoints"),
        ("set_backend_id", {}, "backend_id"),
        ("set_backend_id", {"backend_id": "x" * 300}, "backend_id"),
        ("set_limits", {"limits": {"cpu": "many"}}, "limits"),
        ("set_limits", {"limits": {"gpu": 1}}, "limits"),
        ("set_paused", {"paused": "perhaps"}, "paused"),
    ],
)
def test_bad_reports_are_refused_by_field(stage: AgentStage, action: str, body: Any, field: str) -> None:
    resource = stage.make_vdc()
    answer = post(stage.agent, resource, action, body, PROVIDER)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    before = Resource.objects.values().get(pk=resource.pk)
    assert (before["backend_metadata"], before["endpoints"], before["limits"]) == ({}, [], {"cpu": 2, "ram": 4})


@pytest.mark.parametrize("action", ["set_backend_id", "set_limits", "set_endpoints", "set_as_erred", "set_paused"])
def test_the_agent_of_one_offering_does_not_reach_the_resources_of_another(stage: AgentStage, action: str) -> None:
    resource = stage.make_vdc(offering=stage.make_agent_offering("Other", [], []))
    assert post(stage.agent, resource, action, {}, PROVIDER).status_code == 404
    assert post(stage.owner, resource, action, {}, PROVIDER).status_code == 404


def test_the_team_is_told_once_each_with_the_strongest_role(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    grant(stage.member, RoleName.PROJECT_ADMIN, stage.project)
    gone = make_user("gone", is_active=False)
    grant(gone, RoleName.PROJECT_MEMBER, stage.project)
    OfferingUser.objects.create(offering=stage.vdc, user=stage.member, username="m1", state="OK")
    team = client_of(stage.agent).get(f"/api/{PROVIDER}/{resource.uuid}/team/").json()
    found = {row["username"]: (row["role"], row["offering_user_username"]) for row in team}
    assert found == {
        "member": ("PROJECT.ADMIN", "m1"),
        "admin-of-project": ("PROJECT.ADMIN", None),
        "manager": ("PROJECT.MANAGER", None),
    }


def test_keys_of_the_people_on_its_projects_are_the_agents_to_read(stage: AgentStage) -> None:
    provider = stage.provider.service_provider
    url = f"/api/marketplace-service-providers/{provider.uuid}/keys/"
    assert client_of(stage.agent).get(url).json() == []
    stage.make_vdc()
    assert [key["name"] for key in client_of(stage.agent).get(url).json()] == ["laptop"]
    assert client_of(stage.owner).get(url).status_code == 403


def test_an_order_of_an_agents_offering_waits_for_the_agent_and_nobody_else_ends_it(stage: AgentStage) -> None:
    order = stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})
    assert order.state == "pending-provider"
    assert post(stage.owner, order, "approve_by_provider").status_code == 403
    assert post(stage.agent, order, "set_state_done").status_code == 409
    assert post(stage.agent, order, "approve_by_provider").status_code == 200
    assert post(stage.owner, order, "set_state_done").status_code == 403
    assert post(stage.agent, order, "set_state_done").status_code == 200
    assert post(stage.agent, order, "set_state_done").status_code == 409


def test_what_was_ended_is_had_again(stage: AgentStage) -> None:
    resource = stage.make_vdc(
        state="Terminated", backend_metadata={"ip": "10.0.0.9"}, secret_metadata={"token": "psst"}
    )
    assert post(stage.member, resource, "restore").status_code == 403
    assert post(stage.owner, resource, "restore").status_code == 200
    order = Order.objects.get(type="Restore")
    post(stage.agent, order, "approve_by_provider")
    resource.refresh_from_db()
    assert resource.state == "Creating"
    assert (resource.backend_metadata, resource.secret_metadata) == ({}, {})  # of what is gone
    post(stage.agent, order, "set_state_erred", {"error_message": "It is gone."})
    resource.refresh_from_db()
    assert resource.state == "Terminated"
    post(stage.owner, resource, "restore")
    order = Order.objects.get(type="Restore", state="pending-provider")
    post(stage.agent, order, "approve_by_provider")
    post(stage.agent, order, "set_state_done")
    resource.refresh_from_db()
    assert resource.state == "OK"
    assert post(stage.owner, resource, "restore").status_code == 409


def test_what_the_marketplace_makes_itself_is_not_restored(stage: AgentStage) -> None:
    resource = stage.make_resource(state="Terminated")
    assert post(stage.owner, resource, "restore").status_code == 409
    assert post(stage.owner, stage.make_resource(), "pull").status_code == 409


def test_things_of_the_same_name_have_slugs_of_their_own(stage: AgentStage) -> None:
    slugs = [stage.make_vdc(name=name).slug for name in ("Genome Lab", "genome lab", "基因组", "基因组")]
    assert slugs[0] == "genome-lab"
    assert len(set(slugs)) == 4
    assert all(slugs)


def test_limits_that_are_there_already_are_taken_as_they_are(stage: AgentStage) -> None:
    """The agent passes on what its back end says: nothing at all, or sizes that the plan decides."""
    resource = stage.make_vdc()
    assert post(stage.agent, resource, "set_limits", {"limits": {"cpu": 0, "traffic": 5}}, PROVIDER).status_code == 200
    resource.refresh_from_db()
    assert resource.limits == {"cpu": 0, "ram": 4}
    answer = post(stage.agent, resource, "set_limits", {"limits": {"cpu": -1}}, PROVIDER)
    assert (answer.status_code, list(answer.json())) == (400, ["limits"])
    machine = stage.make_vdc(offering=stage.vm, limits={}, backend_id="led-vm")
    assert post(stage.agent, machine, "set_limits", {"limits": {"vcpu": 4}}, PROVIDER).status_code == 200
    machine.refresh_from_db()
    assert machine.limits == {}
