"""The other modes and commands of the unmodified agent: reporting, membership, components, diagnostics."""

from collections.abc import Callable

import pytest

from tests.factories import grant, make_user
from tests.marketplace.stage import post
from tests.marketplace_site_agent.running import Agent
from tests.marketplace_site_agent.stage import AgentStage
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace.models import ComponentUsage, Order, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agent(stage: AgentStage, install: Callable[..., Agent]) -> Agent:
    """One that has made a data centre, `led-machine`."""
    agent = install(stage, stage.vdc)
    order = stage.placed(stage.owner, stage.vdc, limits={"cpu": 2, "ram": 4})
    agent.works("order_process", lambda: Order.objects.get(pk=order.pk).state == "done")
    return agent


def test_usage_is_reported(stage: AgentStage, agent: Agent) -> None:
    agent.works("report", lambda: ComponentUsage.objects.count() >= 2)

    resource = Resource.objects.get()
    assert resource.current_usages == {"cpu": 1, "ram": 2}


def test_members_come_and_go(stage: AgentStage, agent: Agent) -> None:
    def users() -> set[str]:
        return set(agent.ledger()["led-machine"]["users"])

    team = {"manager", "admin-of-project", "member"}
    agent.works("membership_sync", lambda: users() == team)

    newcomer = make_user("newcomer")
    grant(newcomer, RoleName.PROJECT_MEMBER, stage.project)
    body = {"user": stage.member.uuid.hex, "role": "PROJECT.MEMBER"}
    assert post(stage.owner, stage.project, "delete_user", body, "projects").status_code == 200
    body = {"user": newcomer.uuid.hex, "role": "PROJECT.ADMIN"}
    assert post(stage.owner, stage.project, "add_user", body, "projects").status_code == 201
    agent.works("membership_sync", lambda: users() == {"manager", "admin-of-project", "newcomer"})


def test_marks_are_heeded_and_metadata_are_kept(stage: AgentStage, agent: Agent) -> None:
    resource = Resource.objects.get()
    for action, body, mode in (
        ("set_paused", {"paused": True}, "paused"),
        ("set_paused", {"paused": False}, "running"),
        ("set_downscaled", {"downscaled": True}, "downscaled"),
    ):
        assert post(stage.staff, resource, action, body).status_code == 200
        agent.works("membership_sync", lambda mode=mode: agent.ledger()["led-machine"]["mode"] == mode)
    resource.refresh_from_db()
    assert resource.secret_metadata["login"]["password"] == "open-led-machine"
    assert resource.state == "OK"


def test_an_erred_resource_that_is_found_well_is_ok_again(stage: AgentStage, agent: Agent) -> None:
    Resource.objects.update(state="Erred", error_message="It was away.")
    before = Resource.objects.get().last_sync

    agent.works("membership_sync", lambda: Resource.objects.get().state == "OK")

    assert Resource.objects.get().last_sync > before


def test_components_of_the_configuration_are_loaded(stage: AgentStage, agent: Agent) -> None:
    done = agent.command("waldur_site_load_components")
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = stage.vdc.components.get(type="vcpu")
    assert (loaded.name, loaded.measured_unit, loaded.billing_type) == ("vCPU", "cores", "limit")

    again = agent.command("waldur_site_load_components")
    assert again.returncode == 0, again.stdout + again.stderr
    assert stage.vdc.components.count() == 4


def test_diagnostics_find_the_server_and_the_offering(stage: AgentStage, agent: Agent) -> None:
    done = agent.command("waldur_site_diagnostics")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Data centres" in done.stdout + done.stderr


def test_a_machine_sized_by_its_plan_stays_well(stage: AgentStage, install: Callable[..., Agent]) -> None:
    """The agent passes its size on as limits, which the plan decides."""
    agent = install(stage, stage.vm)
    order = stage.placed(stage.owner, stage.vm)
    agent.works("order_process", lambda: Order.objects.get(pk=order.pk).state == "done")
    made = Resource.objects.get()

    agent.works("membership_sync", lambda: Resource.objects.get().last_sync > made.last_sync)

    assert Resource.objects.get().state == "OK", Resource.objects.get().error_message
    assert agent.ledger()["led-machine"]["limits"] == {"vcpu": order.plan.components.get().amount}
