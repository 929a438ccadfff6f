"""Rows left in a state of change, as after a database was restored: the cloud says what became of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.drive import drain
from tests.factories import Cast
from tests.openstack.behind import cloud_of
from tests.openstack.orders import order_deletion, order_volume
from tests.openstack.syncing import looked_after
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import Backup, Instance, KeyDistribution, Tenant
from waldur_openstack.tasks import resolve_stuck_resources

LIMITS = {"CREATING": 181, "UPDATING": 61, "DELETING": 1441}  # minutes


def leave(obj: Any, state: str, minutes: float = 11, **columns: Any) -> Any:
    """The row as an older database has it, whose operations are unknown."""
    Operation.objects.filter(subject_uuid=obj.uuid).delete()
    modified = timezone.now() - timedelta(minutes=minutes)
    type(obj).objects.filter(pk=obj.pk).update(state=state, modified=modified, **columns)
    return obj


def resolved(obj: Any) -> tuple[str, str]:
    looked_after("resolve_stuck_resources")
    obj.refresh_from_db()
    return obj.state, obj.error_message


def told(what: str) -> list[str]:
    found = Event.objects.filter(event_type=f"openstack_stuck_resource_{what}")
    return list(found.values_list("message", flat=True))


def everything(tenant: Tenant) -> list[Any]:
    """One of each kind that a server brings along."""
    return [
        tenant.instances.get(), tenant.volumes.first(), tenant.networks.get(), tenant.subnets.get(),
        tenant.routers.get(), tenant.ports.exclude(instance=None).get(), tenant.floatingips.get(),
        tenant.securitygroups.get(name="ssh"),
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["CREATION_SCHEDULED", "CREATING", "UPDATE_SCHEDULED", "UPDATING"])
def test_what_is_healthy_in_the_cloud_is_ok(instance: Instance, state: str) -> None:
    rows = everything(instance.tenant)
    for row in rows:
        leave(row, state)
    ids = {row: row.backend_id for row in rows}
    for row in rows:
        assert resolved(row) == ("OK", ""), row
        assert row.backend_id == ids[row]
    assert f"Instance server was left {state}, and was found healthy in the cloud." in told("recovered")


def test_what_was_never_recorded_is_found_by_its_mark(instance: Instance) -> None:
    rows = everything(instance.tenant)
    ids = {row: row.backend_id for row in rows}
    for row in rows:
        leave(row, "CREATING", backend_id="")
    leave(instance, "CREATING", backend_id="", runtime_state="", flavor_name="")
    for row in rows:
        assert resolved(row) == ("OK", ""), row
        assert row.backend_id == ids[row]
    instance.refresh_from_db()
    assert (instance.runtime_state, instance.flavor_name) == ("ACTIVE", "m1.tiny")


def test_what_is_broken_in_the_cloud_is_erred_with_its_reason(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    twin.fail_next("volume.create", "no space left")
    volume = order_volume(tenant, cast.owner)
    made = cloud_of(tenant).block_storage.create_volume(name="v", size=1, metadata={"waldur_uuid": volume.uuid.hex})
    leave(volume, "CREATING")
    state, message = resolved(volume)
    assert (state, message) == ("ERRED", "The cloud reports its state as error.")
    assert volume.backend_id == made["id"]


@pytest.mark.parametrize(("state", "limit"), LIMITS.items())
def test_what_is_absent_has_its_time_and_is_never_terminated(
    cast: Cast, instance: Instance, state: str, limit: int
) -> None:
    cloud_of(instance.tenant).compute.delete_server(instance.backend_id)
    leave(instance, state, limit - 2)
    assert resolved(instance) == (state, "")
    leave(instance, state, limit)
    new, message = resolved(instance)
    assert new == "ERRED"
    assert message.startswith(f"Timed out: Instance server was left {state}, and cannot be ")
    assert told("erred") == [message]


def test_an_interrupted_deletion_can_be_asked_for_again(cast: Cast, instance: Instance) -> None:
    leave(instance, "DELETING")
    state, message = resolved(instance)
    assert (state, message.endswith("Delete it again.")) == ("ERRED", True)
    order_deletion(instance, cast.owner)
    drain()
    assert not Instance.objects.filter(pk=instance.pk).exists()


def test_what_is_under_way_in_the_cloud_gets_more_time(instance: Instance, twin: TwinClient) -> None:
    twin.set_latency({"*": 1000.0})
    cloud_of(instance.tenant).compute.act(instance.backend_id, "reboot", {"type": "SOFT"})
    leave(instance, "UPDATING")
    assert resolved(instance) == ("UPDATING", "")
    leave(instance, "UPDATING", LIMITS["UPDATING"])
    state, message = resolved(instance)
    assert (state, message.startswith("Timed out: Instance server was left UPDATING, and is ")) == ("ERRED", True)


def test_what_an_operation_is_at_work_on_is_left_to_it(cast: Cast, tenant: Tenant) -> None:
    volume = order_volume(tenant, cast.owner)
    old = timezone.now() - timedelta(days=2)
    type(volume).objects.filter(pk=volume.pk).update(modified=old)
    assert resolved(volume) == ("CREATION_SCHEDULED", "")
    Operation.objects.filter(subject_uuid=volume.uuid).update(subject_uuid=tenant.uuid)  # as one that makes it, too
    assert resolved(volume) == ("CREATION_SCHEDULED", "")


def test_a_row_that_has_just_changed_is_not_stuck(instance: Instance) -> None:
    leave(instance, "UPDATING", 5)
    assert resolved(instance) == ("UPDATING", "")


def test_a_cloud_that_is_away_is_asked_later(instance: Instance, twin: TwinClient) -> None:
    for row in (instance, instance.tenant):
        leave(row, "UPDATING", LIMITS["UPDATING"])
    twin.go_dark("", "refuse")
    assert resolved(instance) == ("UPDATING", "")
    assert resolved(instance.tenant) == ("UPDATING", "")
    twin.light()
    assert resolved(instance) == ("OK", "")
    assert resolved(instance.tenant) == ("OK", "")


def test_a_silent_cloud_is_asked_once_and_told_in_the_run(instance: Instance, twin: TwinClient) -> None:
    for row in everything(instance.tenant):
        leave(row, "UPDATING", LIMITS["UPDATING"])
    twin.go_dark("", "refuse")
    (run,) = looked_after("resolve_stuck_resources")
    assert (run.state, run.rows_seen, run.rows_changed) == ("erred", 1, 0)
    assert "cannot be reached" in run.error
    twin.light()
    run = looked_after("resolve_stuck_resources")[-1]
    assert (run.state, run.rows_seen, run.rows_changed) == ("done", 8, 8)


def test_tenants_are_found_by_their_tag_or_time_out(tenant: Tenant) -> None:
    project, user = tenant.backend_id, tenant.user_id
    leave(tenant, "CREATING", backend_id="", user_id="")
    assert resolved(tenant) == ("OK", "")
    assert (tenant.backend_id, tenant.user_id) == (project, user)
    leave(tenant, "UPDATING")
    looked_after("mark_stuck_updating_tenants_as_erred")
    tenant.refresh_from_db()
    assert tenant.state == "OK"
    leave(tenant, "DELETING")
    looked_after("mark_stuck_deleting_tenants_as_erred")
    tenant.refresh_from_db()
    assert (tenant.state, "Delete it again" in tenant.error_message) == ("ERRED", True)
    leave(tenant, "UPDATING", LIMITS["UPDATING"], backend_id="0" * 32)
    looked_after("mark_stuck_updating_tenants_as_erred")
    tenant.refresh_from_db()
    assert (tenant.state, "has no project in the cloud" in tenant.error_message) == ("ERRED", True)


def test_what_no_cloud_knows_goes_by_its_parts_or_by_time(cast: Cast, instance: Instance) -> None:
    from tests.openstack.behind import add_backup

    backup = leave(add_backup(instance), "CREATING")
    assert resolved(backup) == ("OK", "")
    empty = leave(Backup.objects.create(tenant=instance.tenant, name="empty"), "CREATING")
    assert resolved(empty) == ("CREATING", "")
    leave(empty, "CREATING", LIMITS["CREATING"])
    assert resolved(empty)[0] == "ERRED"
    keys = leave(KeyDistribution.objects.get(tenant=instance.tenant), "UPDATING", LIMITS["UPDATING"])
    assert resolved(keys)[0] == "ERRED"  # the next run compares again


def test_an_interrupted_check_of_a_connection_is_made_again(service_settings: ServiceSettings) -> None:
    leave(service_settings, "UPDATING")
    resolve_stuck_resources()
    drain()
    service_settings.refresh_from_db()
    assert (service_settings.state, service_settings.error_message) == ("OK", "")
