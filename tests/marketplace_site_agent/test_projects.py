"""An agent that imports finds the projects of its offering by their slug, and learns no more of them."""

from typing import Any

import pytest
import waldur_api_client.models as client_models

from tests.factories import client_of, grant, make_customer, make_project, make_user
from tests.marketplace_site_agent.stage import AgentStage
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.api.slug_search import TOLD

URL = "/api/projects/"


def found(user: Any, **query: Any) -> list[Any]:
    answer = client_of(user).get(URL, query)
    assert answer.status_code == 200
    return list(answer.json())


def test_a_project_that_has_something_of_the_offering_is_found_by_its_slug(stage: AgentStage) -> None:
    assert found(stage.agent, slug=stage.project.slug) == []
    stage.make_vdc()
    [row] = found(stage.agent, slug=stage.project.slug, page_size=100)
    assert client_models.Project.from_dict(row).uuid.hex == stage.project.uuid.hex
    assert row.keys() == TOLD
    assert found(stage.agent, slug=stage.project.slug, field=["uuid", "description"]) == [
        {"uuid": stage.project.uuid.hex}
    ]
    assert [row["uuid"] for row in found(stage.provider_owner, slug=stage.project.slug)] == [stage.project.uuid.hex]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"name": "Project"},
        {"slug": ""},
        {"slug": " "},
        {"slug": "proj"},
        {"slug": "project", "query": "Project"},
        {"slug": "project", "backend_id": ""},
    ],
)
def test_nothing_is_found_in_any_other_way(stage: AgentStage, query: Any) -> None:
    stage.make_vdc()
    assert found(stage.agent, **query) == []


def test_what_is_found_is_not_seen(stage: AgentStage) -> None:
    stage.make_vdc()
    client, url = client_of(stage.agent), f"{URL}{stage.project.uuid}/"
    for path in (url, f"{url}list_users/", f"{url}other_users/"):
        assert client.get(path, {"slug": stage.project.slug}).status_code == 404
    assert client.patch(f"{url}?slug={stage.project.slug}", {"name": "Taken"}).status_code == 404
    assert client.delete(f"{url}?slug={stage.project.slug}").status_code == 404
    stage.project.refresh_from_db()
    assert stage.project.name == "Project"


def test_the_projects_of_other_offerings_are_not_found(stage: AgentStage) -> None:
    stage.make_vdc()
    elsewhere = make_project(make_customer(), "Elsewhere")
    stage.make_resource(project=elsewhere)  # of the same provider, of an offering that no agent works for
    other = stage.make_agent_offering("Other", [], [])
    foreign = make_user("agent of the other offering")
    grant(foreign, RoleName.OFFERING_MANAGER, other)
    assert found(stage.agent, slug=elsewhere.slug) == []
    assert found(stage.provider_owner, slug=elsewhere.slug) == []
    for user in (foreign, stage.stranger):
        assert found(user, slug=stage.project.slug) == []


def test_who_sees_a_project_gets_all_of_it_by_its_slug(stage: AgentStage) -> None:
    stage.make_vdc()
    for user in (stage.member, stage.owner, stage.staff, stage.support):
        [row] = found(user, slug=stage.project.slug)
        assert "description" in row
