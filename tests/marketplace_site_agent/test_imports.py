"""Taking in what an agent finds, offerings as documents, limits of single users."""

from typing import Any

import pytest

from tests.factories import client_of
from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_mastermind.marketplace_site_agent.models import BackendResource, OfferingUser

RESOURCES, REQUESTS = "/api/backend-resources/", "/api/backend-resource-requests/"
IMPORT = "/api/marketplace-provider-offerings/import_offering/"


def found(stage: AgentStage, **changes: Any) -> dict[str, Any]:
    body = {"offering": stage.vdc.uuid.hex, "project": stage.project.uuid.hex, "name": "old", "backend_id": "old-1"}
    return {**body, "backend_metadata": {"ip": "10.0.0.9", "password": "hush"}, **changes}


def test_what_an_agent_finds_becomes_a_resource(stage: AgentStage) -> None:
    stage.make_vdc()
    agent, owner = client_of(stage.agent), client_of(stage.provider_owner)
    asked = owner.post(REQUESTS, {"offering": stage.vdc.uuid.hex}).json()
    url = f"{REQUESTS}{asked['uuid']}/"
    assert list(agent.post(f"{url}start_processing/").json()) == ["status"]
    assert agent.get(url).json()["state"] == "Processing"
    assert agent.post(RESOURCES, found(stage)).status_code == 201
    assert agent.post(f"{url}set_done/").status_code == 200
    assert agent.get(url).json()["state"] == "Done"
    assert agent.post(f"{url}set_erred/").status_code == 409
    path = f"{RESOURCES}{BackendResource.objects.get().uuid}/import_resource/"
    assert agent.post(path).status_code == 403
    assert owner.post(path).status_code == 201
    resource = Resource.objects.get(backend_id="old-1")
    assert (resource.state, resource.project, resource.plan) == ("OK", stage.project, stage.vdc.plans.get())
    assert resource.backend_metadata == {"ip": "10.0.0.9"}
    assert agent.post(RESOURCES, found(stage)).json() == {
        "backend_id": ["This is known already: it is old of Data centres."]
    }


def import_first(stage: AgentStage, **body: Any) -> Any:
    path = f"{RESOURCES}{BackendResource.objects.get().uuid}/import_resource/"
    return client_of(stage.provider_owner).post(path, body)


def test_what_another_offering_of_the_provider_has_is_not_found_again(stage: AgentStage) -> None:
    """Both sell one service: the agent sees there what it made for either."""
    stage.make_vdc()
    other = stage.make_resource(offering=stage.vm, backend_id="old-1", name="Mine", scope=None)
    agent = client_of(stage.agent)
    sentence = "This is known already: it is Mine of Machines by size."
    assert agent.post(RESOURCES, found(stage)).json() == {"backend_id": [sentence]}

    stage.vdc.plugin_options = {"account_name_generation_policy": "project_slug"}  # such ids come in each service
    stage.vdc.save()
    assert agent.post(RESOURCES, found(stage)).status_code == 201

    stage.vdc.plugin_options = {}
    stage.vdc.save()
    assert import_first(stage).json() == {"backend_id": [sentence]}
    Resource.objects.filter(pk=other.pk).update(state="Terminated")
    assert import_first(stage).status_code == 201


def test_what_is_found_is_imported_on_the_plan_of_its_size(stage: AgentStage) -> None:
    stage.make_resource(offering=stage.vm, scope=None)
    sized = {"offering": stage.vm.uuid.hex, "backend_metadata": {"limits": {"vcpu": 4}}}
    assert client_of(stage.agent).post(RESOURCES, found(stage, **sized)).status_code == 201
    assert import_first(stage).status_code == 201
    assert Resource.objects.get(backend_id="old-1").plan == stage.vm.plans.get(name="Large")


def test_what_has_the_size_of_no_plan_waits_for_a_choice(stage: AgentStage) -> None:
    stage.make_resource(offering=stage.vm, scope=None)
    odd = {"offering": stage.vm.uuid.hex, "backend_metadata": {"limits": {"vcpu": 3}}}
    assert client_of(stage.agent).post(RESOURCES, found(stage, **odd)).status_code == 201
    assert import_first(stage).json() == {"plan": ["No plan has its size (vcpu 3): choose one."]}
    plan = stage.vm.plans.get(name="Small")
    assert import_first(stage, plan=plan.uuid.hex).status_code == 201
    assert Resource.objects.get(backend_id="old-1").plan == plan


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"project": "0" * 32}, "project"), ({"offering": "0" * 32}, "offering"), ({"backend_id": ""}, "backend_id"),
     ({"name": ""}, "name"), ({"backend_metadata": 3}, "backend_metadata")],
)  # fmt: skip
def test_what_is_found_must_make_sense(stage: AgentStage, changes: Any, field: str) -> None:
    stage.make_vdc()
    answer = client_of(stage.agent).post(RESOURCES, found(stage, **changes))
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not BackendResource.objects.exists()


def test_projects_that_have_nothing_of_the_offering_are_not_the_agents_to_name(stage: AgentStage) -> None:
    answer = client_of(stage.agent).post(RESOURCES, found(stage))
    assert (answer.status_code, list(answer.json())) == (400, ["project"])


def test_an_exported_offering_makes_another(stage: AgentStage) -> None:
    document = post(stage.agent, stage.vm, "export_offering").json()["export_data"]
    document["offering"]["name"] = "Machines again"
    body = {"offering_data": document, "customer": stage.provider.uuid.hex}
    assert client_of(stage.agent).post(IMPORT, body).status_code in (400, 403)
    answer = client_of(stage.provider_owner).post(IMPORT, body)
    assert answer.status_code == 200, answer.json()
    made = Offering.objects.get(uuid=answer.json()["imported_offering_uuid"])
    assert (made.state, made.type, made.plugin_options) == ("Draft", stage.vm.type, stage.vm.plugin_options)
    amounts = {plan.name: [item.amount for item in plan.components.all()] for plan in made.plans.all()}
    assert amounts == {"Small": [1], "Large": [4]}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "offering_data"),
        ({"offering": {"name": "x", "type": "Marketplace.Basic", "category_name": "Nowhere"}}, "category"),
        ({"offering": {"name": "x", "type": "No.Type", "category_name": "Machines"}}, "type"),
        ({"offering": {"type": "Marketplace.Basic", "category_name": "Machines"}}, "name"),
        ({"offering": {"name": "Data centres", "category_name": "Machines"}}, "offering_data"),
        ({"offering": {"name": "x", "category_name": "Machines"}, "plans": [3]}, "offering_data"),
        ({"offering": {"name": "x", "category_name": "Machines"}, "plans": [{"components": [{}]}]}, "offering_data"),
    ],
)
def test_a_document_with_faults_makes_nothing(stage: AgentStage, document: Any, field: str) -> None:
    body = {"offering_data": document, "customer": stage.provider.uuid.hex}
    before = Offering.objects.count()
    answer = client_of(stage.provider_owner).post(IMPORT, body)
    assert answer.status_code == 400
    assert field in answer.json()
    assert Offering.objects.count() == before


def test_limits_of_single_users_are_set_by_those_who_run_the_project(stage: AgentStage) -> None:
    resource = stage.make_vdc()
    account = OfferingUser.objects.create(offering=stage.vdc, user=stage.member, username="m", state="OK")
    url = "/api/component-user-usage-limits/"
    body = {
        "resource": f"http://testserver/api/marketplace-resources/{resource.uuid.hex}/",
        "component": stage.vdc.components.get(type="cpu").uuid.hex,
        "user": f"http://testserver/api/marketplace-offering-users/{account.uuid.hex}/",
        "limit": 3,
    }
    assert client_of(stage.member).post(url, body).status_code == 403
    assert client_of(stage.admin).post(url, body).status_code == 201
    assert client_of(stage.admin).post(url, body).status_code == 400
    other = {**body, "component": stage.vm.components.get().uuid.hex}
    assert list(client_of(stage.admin).post(url, other).json()) == ["component"]
    [row] = client_of(stage.agent).get(url, {"resource_uuid": resource.uuid.hex}).json()
    assert (row["component_type"], row["limit"], row["user"]) == ("cpu", "3.00", body["user"])


def test_backend_ids_are_compared_within_the_offering_or_the_provider(stage: AgentStage) -> None:
    stage.make_vdc(backend_id="taken")
    check = {"backend_id": "taken"}
    assert post(stage.agent, stage.vdc, "check_unique_backend_id", check).json() == {"is_unique": False}
    assert post(stage.agent, stage.vm, "check_unique_backend_id", check).json() == {"is_unique": True}
    check["check_all_offerings"] = True  # type: ignore[assignment]
    assert post(stage.agent, stage.vm, "check_unique_backend_id", check).json() == {"is_unique": False}
    assert post(stage.agent, stage.vdc, "check_unique_backend_id", {}).status_code == 400
