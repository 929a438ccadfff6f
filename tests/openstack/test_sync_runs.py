"""The looks at clouds: asked for by hand, listed, reminded of and forgotten; and reads of single objects."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from tests.factories import Cast, client_of
from tests.openstack.behind import cloud_of
from tests.openstack.syncing import synced, told
from twins.openstack import TwinClient
from waldur_core.operations.errors import Unreachable
from waldur_core.server.celery import app
from waldur_core.server.schedule import BEAT_SCHEDULE, PERIODS, every
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import FloatingIP, Instance, Network, SyncRun, Tenant
from waldur_openstack.sync.compute import INSTANCE
from waldur_openstack.sync.network import FLOATING_IP, NETWORK, PORT
from waldur_openstack.sync.plans import SYNCHRONISE, forget_old_runs, remind, spread
from waldur_openstack.sync.targeted import read
from waldur_openstack.sync.tasks import sync_changes, synchronise_cloud

PATH = "/api/sync-runs/"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The messages about clouds, kept from the broker."""
    found: list[tuple[str, ...]] = []
    send = current_app.send_task

    def keep(name: str, args: Any = (), **options: Any) -> Any:
        return found.append(args) if name == SYNCHRONISE else send(name, args, **options)

    monkeypatch.setattr(current_app._get_current_object(), "send_task", keep)
    return found


@pytest.fixture
def own_cloud(cast: Cast, service_settings: ServiceSettings) -> ServiceSettings:
    """The cloud is the provider's of the cast."""
    service_settings.customer = cast.provider
    service_settings.save()
    return service_settings


def link(service_settings: ServiceSettings) -> dict[str, str]:
    return {"service_settings": f"http://testserver/api/service-settings/{service_settings.uuid.hex}/"}


def test_a_provider_has_a_cloud_looked_at(
    cast: Cast, own_cloud: ServiceSettings, sent: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = client_of(cast.provider_owner)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(PATH, {**link(own_cloud), "task": "pull_properties"}, format="json")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["state"], body["task"], body["user_username"]) == ("scheduled", "pull_properties", "provider")
    assert sent == [(own_cloud.uuid.hex, "pull_properties", body["uuid"])]
    again = client.post(PATH, {**link(own_cloud), "task": "pull_properties"}, format="json")
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    synchronise_cloud(*sent[0])
    found = client.get(f"{PATH}{body['uuid']}/").json()
    assert (found["state"], found["error"], found["tenant"]) == ("done", "", None)
    assert found["cloud_calls"] > 0 and found["seconds"] > 0 and found["rows_seen"] > 0
    assert [run["uuid"] for run in client.get(PATH, {"task": "pull_properties", "state": "done"}).json()] == [
        body["uuid"]
    ]
    assert client.get(PATH, {"is_quiet": "true"}).json() == client.get(PATH, {"state": "erred"}).json() == []
    state = client.get("/api/sync-states/").json()[0]
    assert (state["breaker"], state["is_running"], state["service_settings_name"]) == (
        "closed", False, own_cloud.name,
    )  # fmt: skip


def test_others_may_not(cast: Cast, own_cloud: ServiceSettings) -> None:
    """The cloud is shared, so everybody sees it; that is not enough."""
    for person in (cast.member, cast.owner, cast.stranger, cast.support):
        assert client_of(person).post(PATH, link(own_cloud), format="json").status_code == 403
    for body in ({}, {"service_settings": "moon"}, {**link(own_cloud), "task": "moon"}):
        answer = client_of(cast.provider_owner).post(PATH, body, format="json")
        assert (answer.status_code, set(answer.json()) <= {"service_settings", "task"}) == (400, True)
    assert not SyncRun.objects.exists()
    SyncRun.objects.create(service_settings=own_cloud, task="sync_changes")
    assert client_of(cast.owner).get(PATH).json() == []
    assert len(client_of(cast.support).get(PATH).json()) == 1


def test_what_cannot_be_is_refused_with_what_can(cast: Cast, own_cloud: ServiceSettings) -> None:
    client = client_of(cast.provider_owner)
    answer = client.post(PATH, {**link(own_cloud), "task": "pull_all"}, format="json")
    assert answer.status_code == 400
    assert "pull_everything, pull_properties" in answer.json()["task"][0]
    assert client.get(PATH, {"state": "finished"}).json().keys() == {"state"}
    assert client.get(PATH, {"state": ["done", "erred"]}).json() == []


def test_each_cloud_gets_a_message_of_its_own_and_lost_ones_are_sent_again(
    own_cloud: ServiceSettings, sent: Any
) -> None:
    ServiceSettings.objects.create(name="Other", type="OpenStack", state="OK")
    ServiceSettings.objects.create(name="Other kind", type="OpenNebula", state="OK")
    assert spread("pull_quotas", 60) == 2
    assert {task for _, task in sent} == {"pull_quotas"}
    sent.clear()
    run = SyncRun.objects.create(service_settings=own_cloud, task="pull_everything")
    assert remind() == 0
    SyncRun.objects.update(modified=timezone.now() - timedelta(minutes=3))
    assert sync_changes() == 2
    assert (own_cloud.uuid.hex, "pull_everything", run.uuid.hex) in sent
    assert remind() == 0


@pytest.mark.parametrize("name", ["openstack.resolve_stuck_resources", "marketplace_openstack.end_stuck_terminations"])
def test_what_is_stuck_is_looked_up_in_each_cloud_by_itself(own_cloud: ServiceSettings, sent: Any, name: str) -> None:
    other = ServiceSettings.objects.create(name="Other", type="OpenStack", state="OK")
    app.loader.import_default_modules()
    app.tasks[name]()
    assert sorted(sent) == sorted((cloud.uuid.hex, name.split(".")[1]) for cloud in (own_cloud, other))


def test_a_message_that_comes_twice_or_too_late_does_nothing(own_cloud: ServiceSettings, twin: TwinClient) -> None:
    run = SyncRun.objects.create(service_settings=own_cloud, task="pull_properties")
    message = (own_cloud.uuid.hex, "pull_properties", run.uuid.hex)
    synchronise_cloud(*message)
    calls = twin.call_count()
    synchronise_cloud(*message)
    synchronise_cloud("0" * 32, "pull_properties")
    assert (twin.call_count(), SyncRun.objects.count()) == (calls, 1)


def test_runs_are_forgotten_quiet_ones_first(own_cloud: ServiceSettings) -> None:
    for days, state, changed in ((10, "done", 1), (2, "done", 0), (2, "done", 1), (2, "erred", 0), (0, "done", 0)):
        run = SyncRun.objects.create(service_settings=own_cloud, task="t", state=state, rows_changed=changed)
        SyncRun.objects.filter(pk=run.pk).update(created=timezone.now() - timedelta(days=days, minutes=1))
    assert forget_old_runs(7) == 2
    assert SyncRun.objects.count() == 3


def test_the_tasks_of_the_schedule_exist() -> None:
    """The periods are those of the seed, and may be changed."""
    tasks: dict[Any, Any] = {entry["task"]: entry["schedule"] for entry in BEAT_SCHEDULE.values()}
    app.loader.import_default_modules()
    assert tasks.keys() <= app.tasks.keys()
    hours = {"pull_quotas": 12, "pull_resources": 1, "pull_subresources": 2, "pull_properties": 24}
    assert {name: tasks[f"openstack.{name}"] / 3600 for name in hours} == hours
    assert tasks["openstack.delete_expired_backups"] == tasks["openstack.delete_expired_snapshots"] == 600


def test_each_period_of_the_clouds_is_a_documented_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of stuck rows and of expired copies as well."""
    page = (Path(__file__).parents[2] / "docs/operate/settings.md").read_text()
    told = {name: re.search(rf"`OPENSTACK_{name.upper()}_SECONDS` \| `(\d+)`", page) for name in PERIODS}
    assert {name: float(found[1]) for name, found in told.items() if found} == PERIODS
    monkeypatch.setenv("OPENSTACK_RESOLVE_STUCK_RESOURCES_SECONDS", "77")
    assert every("OPENSTACK_RESOLVE_STUCK_RESOURCES_SECONDS", 3600) == 77


def test_one_object_is_read_when_somebody_hints_at_it(instance: Instance, twin: TwinClient) -> None:
    tenant, settings, cloud = instance.tenant, instance.service_settings, cloud_of(instance.tenant)
    synced(settings)
    network = cloud.network.create("network", name="by hand")
    port, address = instance.ports.get(), tenant.floatingips.get()
    web = tenant.securitygroups.get(name="web")
    cloud.network.update("port", port.backend_id, security_groups=[web.backend_id])
    cloud.compute.put(f"/servers/{instance.backend_id}", {"server": {"name": "renamed"}})
    cloud.network.remove("floatingip", address.backend_id)
    calls = twin.call_count()
    assert read(NETWORK, settings, network["id"]).new == 1
    assert read(INSTANCE, settings, instance.backend_id).changed == 1
    assert read(PORT, settings, port.backend_id).changed == 1
    assert read(FLOATING_IP, settings, address.backend_id).missing == 1
    assert twin.call_count() == calls + 4
    instance.refresh_from_db()
    assert (instance.name, list(instance.security_groups.all())) == ("renamed", [web])
    assert not FloatingIP.objects.exists()
    assert told("network_imported") == ["Network by hand was found in the cloud."]
    assert read(NETWORK, settings, network["id"]).changed == 0


def test_a_hint_at_what_is_nobodys_or_nothing_does_nothing(tenant: Tenant, twin: TwinClient) -> None:
    settings = tenant.service_settings
    foreign = cloud_of(tenant).network.create("network", name="foreign")
    Tenant.objects.update(backend_id="f" * 32)
    assert read(NETWORK, settings, foreign["id"]).new == 0
    assert read(NETWORK, settings, "0" * 36).missing == 0
    twin.go_dark(mode="refuse")
    with pytest.raises(Unreachable):
        read(NETWORK, settings, foreign["id"])
    assert Network.objects.count() == 1
