"""The accounts of users at a service: who gets one, by what name, and when it goes."""

from typing import Any

import pytest

from tests.factories import client_of, make_user
from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import ACCOUNTS, AgentStage
from waldur_mastermind.marketplace_site_agent.models import OfferingUser

URL = "/api/marketplace-offering-users/"


def accounts(stage: AgentStage) -> dict[str, tuple[str, str]]:
    return {a.user.username: (a.username, a.state) for a in OfferingUser.objects.filter(offering=stage.vdc)}


def set_options(stage: AgentStage, **options: Any) -> None:
    stage.vdc.plugin_options = {**ACCOUNTS, **options}
    stage.vdc.save()


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        ("waldur_username", {"admin-of-project", "manager", "member"}),
        ("anonymized", {"walduruser_00001", "walduruser_00002", "walduruser_00003"}),
        ("full_name", {"ada_lovelace", "ada_lovelace_1", "member"}),
        ("service_provider", {""}),
    ],
)
def test_an_order_gives_the_people_of_its_project_accounts(stage: AgentStage, policy: str, names: set[str]) -> None:
    set_options(stage, username_generation_policy=policy)
    for user in (stage.admin, stage.manager):
        user.first_name, user.last_name = "Ada", "Lovelace"
        user.save()
    stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})
    found = accounts(stage)
    assert found.keys() == {"admin-of-project", "manager", "member"}
    if policy == "anonymized":
        assert all(name.startswith("walduruser_") for name, _ in found.values())
        assert len({name for name, _ in found.values()}) == 3
    else:
        assert {name for name, _ in found.values()} == names
    assert {state for _, state in found.values()} == ({"Requested"} if policy == "service_provider" else {"OK"})


def test_without_the_option_nobody_gets_an_account(stage: AgentStage) -> None:
    set_options(stage, service_provider_can_create_offering_user=False)
    stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})
    assert accounts(stage) == {}


def test_accounts_follow_the_people_of_the_project(stage: AgentStage) -> None:
    stage.make_vdc()
    newcomer = make_user("newcomer")
    body = {"user": newcomer.uuid.hex, "role": "PROJECT.MEMBER"}
    post(stage.owner, stage.project, "add_user", body, "projects")
    assert accounts(stage) == {"newcomer": ("newcomer", "OK")}
    post(stage.owner, stage.project, "delete_user", body, "projects")
    assert accounts(stage) == {"newcomer": ("newcomer", "Requested deletion")}
    post(stage.owner, stage.project, "add_user", body, "projects")
    assert accounts(stage) == {"newcomer": ("newcomer", "OK")}


def test_an_agent_leads_an_account_to_its_name(stage: AgentStage) -> None:
    set_options(stage, username_generation_policy="service_provider")
    stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})
    account = OfferingUser.objects.get(user=stage.member)
    client, url = client_of(stage.agent), f"{URL}{account.uuid}/"
    assert client.post(f"{url}begin_creating/").json()["state"] == "Creating"
    told = client.post(f"{url}set_pending_account_linking/", {"comment": "Link it.", "comment_url": "https://x.org"})
    assert told.json()["service_provider_comment"] == "Link it."
    assert client.post(f"{url}set_error_creating/").json()["state"] == "Error creating"
    assert client.patch(url, {"username": "m-1"}).json()["state"] == "OK"
    assert client.post(f"{url}begin_creating/").status_code == 409
    other = OfferingUser.objects.get(user=stage.admin)
    assert client.patch(f"{URL}{other.uuid}/", {"username": "m-1"}).status_code == 400
    assert client_of(stage.member).patch(url, {"username": "mine"}).status_code == 403


def test_a_provider_is_told_only_the_attributes_it_asked_for(stage: AgentStage) -> None:
    stage.member.email, stage.member.organization = "m@example.org", "Institute"
    stage.member.save()
    account = OfferingUser.objects.create(offering=stage.vdc, user=stage.member, username="m")
    config = f"/api/marketplace-provider-offerings/{stage.vdc.uuid}/"
    client = client_of(stage.agent)

    def told() -> tuple[str, str]:
        row = client.get(f"{URL}{account.uuid}/").json()
        return row["user_email"], row["user_organization"]

    assert client.get(f"{config}user-attribute-config/").json()["is_default"] is True
    assert told() == ("m@example.org", "")
    wanted = {"expose_email": False, "expose_organization": True}
    answer = client.post(f"{config}update-user-attribute-config/", wanted).json()
    assert answer["exposed_fields"] == ["username", "full_name", "organization"]
    assert told() == ("", "Institute")
    assert client.delete(f"{config}delete-user-attribute-config/").status_code == 204
    assert told() == ("m@example.org", "")


def test_accounts_are_made_for_people_of_the_offering_only(stage: AgentStage) -> None:
    client, stranger = client_of(stage.agent), make_user("outsider")
    stage.make_vdc()
    for user, code in ((stranger, 400), (stage.member, 201), (stage.member, 400)):
        body = {"offering_uuid": stage.vdc.uuid.hex, "user_uuid": user.uuid.hex, "username": "x"}
        assert client.post(URL, body).status_code == code
    assert client.post(URL, {"offering_uuid": stage.vdc.uuid.hex}).json().keys() == {"user"}
    body = {"offering_uuid": stage.vdc.uuid.hex, "user_uuid": stage.member.uuid.hex}
    assert client_of(stage.owner).post(URL, body).status_code == 403


def test_lists_of_accounts_are_filtered_and_sparse(stage: AgentStage) -> None:
    OfferingUser.objects.create(offering=stage.vdc, user=stage.member, username="m", state="OK")
    OfferingUser.objects.create(offering=stage.vdc, user=stage.admin, is_restricted=True)
    client = client_of(stage.agent)
    rows = client.get(URL, {"offering_uuid": stage.vdc.uuid.hex, "is_restricted": "false", "field": ["username"]})
    assert rows.json() == [{"username": "m"}]
    assert len(client.get(URL, {"state": ["OK", "Requested"]}).json()) == 2
    assert client.get(URL, {"user_uuid": stage.admin.uuid.hex, "state": "OK"}).json() == []
