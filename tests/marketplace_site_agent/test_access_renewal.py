"""New credentials: asked for by the customer, given by the agent, whose answer names the wish."""

from typing import Any

import pytest

from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace.models import Resource

pytestmark = pytest.mark.django_db
RENEWABLE = {"access_renewed": "", "page": "x"}


def make(stage: AgentStage, **columns: Any) -> Resource:
    return stage.make_vdc(**{"backend_metadata": dict(RENEWABLE), **columns})


def tell(stage: AgentStage, resource: Resource, metadata: dict[str, Any]) -> dict[str, Any]:
    """What the agent writes, and what stands there then."""
    link = "marketplace-provider-resources"
    answer = post(stage.agent, resource, "set_backend_metadata", {"backend_metadata": metadata}, link)
    assert answer.status_code == 200, answer.data
    resource.refresh_from_db()
    return dict(resource.backend_metadata)


def test_a_wish_stays_until_it_is_served(stage: AgentStage) -> None:
    resource = make(stage)
    assert post(stage.owner, resource, "renew_access").status_code == 200
    resource.refresh_from_db()
    wish = resource.backend_metadata["access_renewal"]

    assert tell(stage, resource, RENEWABLE)["access_renewal"] == wish  # told before the agent had read the wish

    assert tell(stage, resource, {"access_renewed": wish}) == {"access_renewed": wish}


def test_it_is_an_action_where_the_agent_renews(stage: AgentStage) -> None:
    renewable, other = make(stage), make(stage, backend_metadata={}, name="other")

    assert available(stage, renewable) == ["renew_access"]
    assert available(stage, other) == []
    assert post(stage.owner, other, "renew_access").status_code == 409


def test_only_what_is_ok_can_be_renewed_and_only_by_those_who_see_credentials(stage: AgentStage) -> None:
    erred, fine = make(stage, state="Erred"), make(stage, name="fine")

    assert post(stage.owner, erred, "renew_access").status_code == 409
    assert post(stage.stranger, fine, "renew_access").status_code == 404
    fine.refresh_from_db()
    assert fine.backend_metadata == RENEWABLE


def available(stage: AgentStage, resource: Resource) -> list[str]:
    from tests.factories import client_of

    answer = client_of(stage.owner).get(f"/api/marketplace-resources/{resource.uuid.hex}/")
    return list(answer.data["available_actions"])
