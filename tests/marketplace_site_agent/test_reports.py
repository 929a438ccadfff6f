"""What agents tell of their own work: lines of their log, and whom of a team their service has let in."""

from datetime import timedelta
from typing import Any

import pytest
import waldur_api_client.models as client_models
from django.utils import timezone

from tests.factories import client_of
from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import ACCOUNTS, AgentStage
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_site_agent.models import AgentLog, MembershipReport, OfferingUser

LOGS = "/api/marketplace-site-agent-logs/"
PROVIDER = "marketplace-provider-resources"


def line(stage: AgentStage, **changes: Any) -> dict[str, Any]:
    identity = stage.vdc.agents.first() or stage.make_identity()
    told = {"timestamp": 1764067200.25, "level": "ERROR", "message": " full\n", "module": "agent.orders"}
    return {"agent_identity_uuid": str(identity.uuid), **told, **changes}


def test_lines_are_kept_as_told(stage: AgentStage) -> None:
    AgentLog.objects.create(identity=stage.make_identity(), timestamp=1, level="INFO", message="old", module="m")
    AgentLog.objects.update(created=timezone.now() - timedelta(days=15))
    answer = client_of(stage.agent).post(LOGS, [line(stage), line(stage, level="WARNING", message="")])
    assert answer.status_code == 201
    told = [client_models.SiteAgentLog.from_dict(row) for row in answer.json()]
    assert [(row.timestamp, row.level, row.message) for row in told] == [
        (1764067200.25, "ERROR", " full\n"),
        (1764067200.25, "WARNING", ""),
    ]
    assert [row["message"] for row in client_of(stage.agent).get(LOGS, {"level": "ERROR"}).json()] == [" full\n"]
    assert AgentLog.objects.count() == 2, "what is older than two weeks is gone"
    assert client_of(stage.agent).post(LOGS, []).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": "nan"},
        {"timestamp": "inf"},
        {"timestamp": -1},
        {"timestamp": "now"},
        {"level": "LOUD"},
        {"message": "a\0b"},
        {"message": None},
        {"module": "x" * 300},
        {"agent_identity_uuid": "no uuid"},
    ],
)
def test_one_wrong_line_is_named_and_none_is_kept(stage: AgentStage, changes: Any) -> None:
    answer = client_of(stage.agent).post(LOGS, [line(stage), line(stage, **changes)])
    assert answer.status_code == 400
    assert list(answer.json()["lines"]["1"]) == list(changes)
    assert not AgentLog.objects.exists()


def test_only_those_who_run_the_agent_send_and_read_its_log(stage: AgentStage) -> None:
    other = stage.make_identity(offering=stage.make_agent_offering("Other", [], []))
    mixed = [line(stage), line(stage, agent_identity_uuid=other.uuid.hex)]
    refused = client_of(stage.agent).post(LOGS, mixed)
    assert (refused.status_code, list(refused.json())) == (400, ["agent_identity_uuid"])
    assert client_of(stage.owner).post(LOGS, [line(stage)]).status_code == 400
    assert client_of(stage.support).post(LOGS, [line(stage)]).status_code == 403
    assert client_of(stage.agent).post(LOGS, line(stage)).status_code == 400
    assert not AgentLog.objects.exists()
    assert client_of(stage.provider_owner).post(LOGS, mixed).status_code == 201
    readers = (stage.provider_owner, stage.staff, stage.agent, stage.owner, stage.member, stage.stranger)
    assert [len(client_of(user).get(LOGS).json()) for user in readers] == [2, 2, 1, 0, 0, 0]


def opted_in(stage: AgentStage) -> Resource:
    stage.vdc.plugin_options = {**ACCOUNTS, "enable_membership_sync_status": True}
    stage.vdc.save()
    return stage.make_vdc()


def entry(**changes: Any) -> dict[str, Any]:
    return {"scope_type": "resource", "role_name": "PROJECT.MEMBER", "state": "synced", **changes}


def tell(user: Any, resource: Resource, *statuses: Any) -> Any:
    return post(user, resource, "set_membership_sync_statuses", {"statuses": list(statuses)}, PROVIDER)


def shown(user: Any, resource: Resource, kind: str = PROVIDER) -> dict[str, Any]:
    rows = client_of(user).get(f"/api/{kind}/{resource.uuid}/team/").json()
    return {row["username"]: row["sync_state"] for row in rows}


def test_a_report_is_the_whole_of_what_is_known(stage: AgentStage) -> None:
    resource = opted_in(stage)
    OfferingUser.objects.create(offering=stage.vdc, user=stage.admin, username="adm01", state="OK")
    answer = tell(
        stage.agent,
        resource,
        entry(user_uuid=str(stage.member.uuid)),
        entry(username="adm01", role_name="PROJECT.ADMIN", state="error", message="No such group."),
        entry(username="nobody"),
        entry(user_uuid=stage.stranger.uuid.hex),
    )
    assert answer.status_code == 200
    result = client_models.MemberSyncStatusReportResult.from_dict(answer.json())
    assert (result.stored, result.skipped) == (2, ["nobody", stage.stranger.uuid.hex])
    for user, kind in ((stage.agent, PROVIDER), (stage.member, "marketplace-resources")):
        assert shown(user, resource, kind) == {"member": "synced", "admin-of-project": "error", "manager": None}
    assert tell(stage.agent, resource, entry(username="member", state="pending")).json()["stored"] == 1
    assert shown(stage.agent, resource) == {"member": "pending", "admin-of-project": None, "manager": None}
    assert tell(stage.agent, resource).json() == {"stored": 0, "skipped": []}
    assert set(shown(stage.agent, resource).values()) == {None}


def test_an_offering_that_has_not_opted_in_answers_409(stage: AgentStage) -> None:
    answer = tell(stage.agent, stage.make_vdc(), entry(username="member"))
    assert answer.status_code == 409
    assert "enable_membership_sync_status" in client_models.DetailResponse.from_dict(answer.json()).detail
    assert not MembershipReport.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [
        {"state": "perhaps"},
        {"scope_type": "planet"},
        {"role_name": ""},
        {"user_uuid": "no uuid"},
        {"username": "", "user_uuid": None},
        {"message": "x" * 3000},
    ],
)
def test_bad_statuses_are_refused_and_the_last_report_stays(stage: AgentStage, bad: Any) -> None:
    resource = opted_in(stage)
    tell(stage.agent, resource, entry(username="member"))
    answer = tell(stage.agent, resource, entry(**{"username": "member", "state": "error", **bad}))
    assert (answer.status_code, list(answer.json())) == (400, ["statuses"])
    assert shown(stage.agent, resource)["member"] == "synced"


def test_only_the_provider_reports_on_members(stage: AgentStage) -> None:
    resource = opted_in(stage)
    foreign = stage.make_vdc(offering=stage.make_agent_offering("Other", [], []))
    for user, code in ((stage.owner, 404), (stage.member, 404), (stage.stranger, 404), (stage.support, 403)):
        assert tell(user, resource, entry(username="member")).status_code == code
    assert tell(stage.agent, foreign, entry(username="member")).status_code == 404
    assert not MembershipReport.objects.exists()
