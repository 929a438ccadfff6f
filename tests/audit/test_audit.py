"""The audit finds each kind of disagreement, and nothing where there is none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from tests.audit.clean import assert_in_step
from tests.drive import drain
from tests.e2e.estate import Estate
from tests.marketplace_openstack.strangers import administrator, inside
from tests.openstack.behind import cloud_of
from tests.openstack.orders import PUBLIC_KEY
from tests.openstack.syncing import adopt
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_mastermind.billing.closing import bring_up_to_date
from waldur_mastermind.billing.models import InvoiceItem
from waldur_mastermind.marketplace.models import PlanPeriod, Resource
from waldur_mastermind.marketplace_openstack.audit import full_audit
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import SecurityGroupRule, Tenant
from waldur_openstack.tasks import check_keys
from waldur_openstack.workflows.compute import StopInstance


def found(estate: Estate) -> list[tuple[str, str]]:
    return sorted((finding.check, finding.kind) for finding in full_audit(estate.tenant.service_settings).findings)


def test_an_estate_is_in_step_with_its_cloud(estate: Estate) -> None:
    assert_in_step()


def leak_of_a_volume(estate: Estate) -> None:
    mark = {"waldur_uuid": "0" * 31 + "1"}
    cloud_of(estate.tenant).block_storage.create_volume(name="lost", size=1, metadata=mark)


def two_volumes_with_one_mark(estate: Estate) -> None:
    mark = {"waldur_uuid": estate.volume.uuid.hex}
    cloud_of(estate.tenant).block_storage.create_volume(name="twin", size=1, metadata=mark)


def leak_of_a_project_and_a_user(estate: Estate) -> None:
    identity, mark = administrator(estate).identity, f"waldur:{'0' * 31}1"
    identity.create_project(name="left", domain_id="default", tags=[mark])
    identity.create_user(name="left", password="Left-12345", domain_id="default", description=mark)


def a_role_elsewhere(estate: Estate) -> None:
    identity = administrator(estate).identity
    other = identity.create_project(name="other", domain_id="default")["id"]
    identity.grant_role(other, estate.tenant.user_id, identity.roles()["member"])


def leak_of_a_key_pair(estate: Estate) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZ4Zq6mZVn1FqGkQ3uT2E0TnXyJ0m6i0c3wS0k4m8aB x"
    administrator(estate).compute.create_keypair(f"{estate.server.uuid.hex}-left", key)


def a_key_pair_of_somebody_who_has_left(estate: Estate) -> None:
    check_keys()
    drain()
    administrator(estate).compute.create_keypair_for(estate.tenant.user_id, f"{'0' * 31}1-left", PUBLIC_KEY)


def a_user_who_is_gone(estate: Estate) -> None:
    a_key_pair_of_somebody_who_has_left(estate)
    administrator(estate).identity.delete_user(estate.tenant.user_id)


def a_limit_changed_in_the_cloud(estate: Estate) -> None:
    administrator(estate).compute.set_quotas(estate.tenant.backend_id, {"cores": 77})


def a_network_by_hand(estate: Estate) -> None:
    inside(estate.tenant).cloud.network.create("network", name="by hand")


def a_volume_that_is_gone(estate: Estate) -> None:
    cloud_of(estate.tenant).block_storage.delete_volume(estate.volume.backend_id)


def a_volume_with_another_id(estate: Estate) -> None:
    type(estate.volume).objects.filter(pk=estate.volume.pk).update(backend_id="0" * 32)


def a_renamed_volume(estate: Estate) -> None:
    cloud_of(estate.tenant).block_storage.update_volume(estate.volume.backend_id, name="renamed")


def a_rule_without_a_rule(estate: Estate) -> None:
    group = estate.tenant.securitygroups.get(name="ssh")
    SecurityGroupRule.objects.create(security_group=group, protocol="udp", direction="ingress", ethertype="IPv4")
    counters.count(estate.tenant, {"security_group_rule_count": 1})


def a_wrong_counter(estate: Estate) -> None:
    counters.count(estate.tenant, {"vcpu": 3})


def a_resource_without_an_object(estate: Estate) -> None:
    resource = estate.resource_of(estate.volume)
    estate.volume.delete()
    counters.count(estate.tenant, {"volumes": -1, "volumes_size": -2048, "storage": -2048, "gigabytes_ssd": -2})
    Resource.objects.filter(pk=resource.pk).update(state="OK")
    cloud_of(estate.tenant).block_storage.delete_volume(resource.backend_id)


def two_resources_for_one_object(estate: Estate) -> None:
    resource = estate.resource_of(estate.volume)
    resource.pk, resource.uuid = None, Resource._meta.get_field("uuid").get_default()
    resource.scope_uuid = resource.object_id = resource.content_type = None
    resource.save()


def a_volume_without_a_resource(estate: Estate) -> None:
    Resource.objects.filter(scope_uuid=estate.volume.uuid).update(state="Terminated")


def two_periods_at_once(estate: Estate) -> None:
    resource, now = estate.resource_of(estate.tenant), timezone.now()
    hour = timedelta(hours=1)
    PlanPeriod.objects.create(resource=resource, plan=resource.plan, start=now - hour, end=now + hour)


def no_open_period(estate: Estate) -> None:
    PlanPeriod.objects.update(end="2026-01-01T00:00:00Z")


def a_time_that_is_charged_twice(estate: Estate) -> None:
    bring_up_to_date()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_invoiceitem DROP CONSTRAINT no_time_is_charged_twice")
    line = InvoiceItem.objects.filter(component_type="cores").first()
    assert line is not None
    line.pk, line.uuid, line.start = None, uuid4(), line.start + timedelta(hours=1)
    line.save()


def a_state_apart(estate: Estate) -> None:
    Resource.objects.filter(scope_uuid=estate.volume.uuid).update(state="Erred")


DISAGREEMENTS: dict[Callable[[Estate], None], list[tuple[str, str]]] = {
    leak_of_a_volume: [("leak", "volume")],
    two_volumes_with_one_mark: [("duplicate", "volume")],
    leak_of_a_project_and_a_user: [("leak", "project"), ("leak", "user")],
    a_role_elsewhere: [("leak", "role")],
    leak_of_a_key_pair: [("leak", "key pair")],
    a_key_pair_of_somebody_who_has_left: [("leak", "key pair")],
    a_user_who_is_gone: [("leak", "key pair"), ("leak", "key pair"), ("orphan.row", "tenant")],
    a_limit_changed_in_the_cloud: [("limit", "tenant")],
    a_network_by_hand: [("orphan.object", "network")],
    a_volume_that_is_gone: [("orphan.row", "volume")],
    a_volume_with_another_id: [("duplicate", "volume"), ("orphan.row", "volume")],
    a_renamed_volume: [("drift", "volume")],
    a_rule_without_a_rule: [("drift", "security group")],
    a_wrong_counter: [("quota", "quota")],
    a_resource_without_an_object: [("billing.no_scope", "resource")],
    two_resources_for_one_object: [("billing.double", "resource"), ("billing.no_scope", "resource")],
    a_volume_without_a_resource: [("billing.missing", "volume")],
    two_periods_at_once: [("billing.period", "resource")],
    no_open_period: [("billing.period", "resource")],
    a_time_that_is_charged_twice: [("billing.charged_twice", "resource")],
    a_state_apart: [("state", "resource")],
}


@pytest.mark.parametrize("make", DISAGREEMENTS, ids=lambda make: make.__name__)
def test_each_kind_of_disagreement_is_found_alone(make: Callable[[Estate], None], estate: Estate) -> None:
    make(estate)
    assert found(estate) == DISAGREEMENTS[make]


def test_another_value_under_the_key_of_our_mark_is_no_leak(estate: Estate) -> None:
    admin = Cloud.of(estate.tenant.service_settings)
    admin.block_storage.create_volume(name="theirs", size=1, metadata={"waldur_uuid": "shared"})
    assert found(estate) == []


def test_what_an_operation_is_at_work_on_is_no_finding(estate: Estate) -> None:
    server = estate.server
    start(StopInstance, server, user=estate.owner)
    cloud_of(estate.tenant).compute.update_server(server.backend_id, name="renamed")
    assert found(estate) == []


def test_the_number_of_calls_and_statements_does_not_grow(estate: Estate, django_assert_max_num_queries: Any) -> None:
    service = estate.tenant.service_settings
    calls = full_audit(service).calls
    abroad = inside(estate.tenant)
    for number in range(5):
        abroad.add_volume(f"volume {number}")
    with django_assert_max_num_queries(75):
        report = full_audit(service)
    assert (report.calls, len(report.findings)) == (calls, 5)
    assert calls < 30


def test_only_what_clouds_tell_by_tenant_takes_calls_for_each(estate: Estate) -> None:
    service = estate.tenant.service_settings
    quick, whole = (full_audit(service, quick=quick).calls for quick in (True, False))
    assert whole == quick + 4
    project = administrator(estate).identity.create_project(name="second", domain_id="default")["id"]
    adopt(service, project, estate.project)
    assert full_audit(service, quick=True).calls == quick
    assert full_audit(service).calls == quick + 2 * 4 - 1  # the second has no user


def test_the_report_is_made_for_machines(estate: Estate) -> None:
    a_renamed_volume(estate)
    told = full_audit(estate.tenant.service_settings).as_json()
    assert (told["version"], told["counts"]) == (1, {"drift": 1})
    (finding,) = told["findings"]
    assert finding == {
        "check": "drift",
        "kind": "volume",
        "message": "Volume dataset differs from the cloud in name.",
        "name": "dataset",
        "uuid": estate.volume.uuid.hex,
        "backend_id": estate.volume.backend_id,
        "tenant": Tenant.objects.get().uuid.hex,
        "details": {"name": ["dataset", "renamed"]},
    }


def test_an_audit_writes_nothing(estate: Estate) -> None:
    full_audit(estate.tenant.service_settings)  # signs in, which makes a token
    before = estate.cloud.call_count()
    full_audit(estate.tenant.service_settings)
    assert not [call for call in estate.cloud.calls(before) if call["changed"]]
