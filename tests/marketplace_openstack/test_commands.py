"""The commands of operators, each against the simulated cloud."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.e2e.estate import Estate
from tests.marketplace_openstack.strangers import administrator, project_by_hand
from tests.openstack.behind import cloud_of
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import SyncRun, Tenant
from waldur_openstack.validation.writing import PREFIX, leftovers


def run(command: str, *args: str) -> tuple[int, str, str]:
    """(exit code, what it said, what it complained about)."""
    out, err = StringIO(), StringIO()
    try:
        call_command(command, *args, stdout=out, stderr=err)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


# audit_openstack ----------------------------------------------------------------------------------------------------


def test_an_audit_without_findings_ends_well(estate: Estate) -> None:
    code, out, _ = run("audit_openstack", "--offering", estate.offering["uuid"])
    assert (code, "no findings" in out) == (0, True)


def test_a_quick_audit_leaves_out_what_takes_calls_for_each_tenant(estate: Estate) -> None:
    Cloud.of(estate.tenant.service_settings).compute.set_quotas(estate.tenant.backend_id, {"cores": 77})
    assert run("audit_openstack", "--all", "--quick")[0] == 0
    code, out, _ = run("audit_openstack", "--all")
    assert (code, "The limits of tenant genome in the cloud are others than ours: vcpu." in out) == (1, True), out


def test_an_audit_with_findings_exits_1_and_speaks_to_people_and_machines(estate: Estate) -> None:
    cloud_of(estate.tenant).block_storage.update_volume(estate.volume.backend_id, name="renamed")
    code, out, _ = run("audit_openstack", "--all")
    assert (code, "drift: Volume dataset differs from the cloud in name." in out) == (1, True)
    code, out, _ = run("audit_openstack", "--all", "--format", "json")
    (report,) = json.loads(out)
    assert (code, report["counts"]) == (1, {"drift": 1})


def test_a_cloud_that_cannot_be_read_exits_2(estate: Estate) -> None:
    estate.cloud.add_fault("status", operation="server.list_detail", status=403, times=0)
    estate.cloud.add_fault("status", operation="server.list", status=403, times=0)
    code, _, err = run("audit_openstack", "--all")
    assert (code, "could not be read" in err) == (2, True)


@pytest.mark.parametrize("command", ["audit_openstack", "drop_leftover_openstack_projects"])
@pytest.mark.parametrize("offering", ["0" * 32, "no such offering"])
def test_an_unknown_offering_exits_2(command: str, offering: str, estate: Estate) -> None:
    code, _, err = run(command, "--offering", offering)
    assert (code, "There are no offerings" in err) == (2, True)


# drop_leftover_openstack_projects -----------------------------------------------------------------------------------


@pytest.fixture
def leftover(estate: Estate) -> str:
    """The project of a tenant that staff has forgotten, with all that is inside."""
    tenant = estate.tenant
    assert estate.act(tenant, "unlink", user=estate.staff).status_code == 204
    return tenant.backend_id


def test_a_dry_run_names_leftovers_and_touches_nothing(estate: Estate, leftover: str) -> None:
    project_by_hand(estate)
    before = estate.cloud.objects()
    code, out, _ = run("drop_leftover_openstack_projects", "--offering", "Cloud", "--dry-run")
    assert code == 1
    (line,) = [line for line in out.splitlines() if "would be removed" in line]
    assert leftover in line
    assert estate.cloud.objects() == before


def test_leftovers_are_removed_with_all_that_is_inside_and_nothing_else(estate: Estate, leftover: str) -> None:
    stranger = project_by_hand(estate)
    stranger.add_volume()
    code, out, err = run("drop_leftover_openstack_projects", "--offering", "Cloud")
    assert (code, err) == (0, "")
    assert f"({leftover}) has been removed." in out
    left = estate.cloud.objects()
    assert not [item for items in left.values() for item in items if leftover in (item["id"], item.get("project_id"))]
    assert {project["name"] for project in left["projects"]} == {"admin", "old project"}
    assert [volume["project_id"] for volume in left["volumes"]] == [stranger.id]
    assert run("drop_leftover_openstack_projects")[0] == 0


def test_a_leftover_that_cannot_be_removed_exits_1(estate: Estate, leftover: str) -> None:
    estate.cloud.add_fault("status", operation="project.delete", status=403, times=0)
    code, _, err = run("drop_leftover_openstack_projects")
    assert (code, "could not be removed" in err) == (1, True)
    estate.cloud.clear_faults()
    assert run("drop_leftover_openstack_projects")[0] == 0


def test_the_project_of_a_living_tenant_is_no_leftover(estate: Estate) -> None:
    before = estate.cloud.objects()
    assert run("drop_leftover_openstack_projects")[:2] == (0, "")
    assert estate.cloud.objects() == before


# pull_openstack_volume_metadata -------------------------------------------------------------------------------------


def test_what_resources_say_of_their_volumes_follows_the_cloud(estate: Estate) -> None:
    cloud_of(estate.tenant).block_storage.update_volume(estate.volume.backend_id, name="renamed")
    Resource.objects.filter(scope_uuid=estate.volume.uuid).update(backend_metadata={"size": 1})
    code, out, _ = run("pull_openstack_volume_metadata", "--dry-run")
    assert code == 1
    assert "renamed: name: dataset -> renamed" in out
    assert "renamed: size: 1 -> 2048" in out
    assert (estate.resource_of(estate.volume).name, SyncRun.objects.count()) == ("dataset", 0)
    code, _, _ = run("pull_openstack_volume_metadata")
    resource = Resource.objects.get(name="renamed")
    assert (code, resource.backend_metadata["size"]) == (0, 2048)
    assert SyncRun.objects.get().task == "volume_metadata"
    assert run("pull_openstack_volume_metadata", "--dry-run")[0] == 0


# validate_openstack_services ----------------------------------------------------------------------------------------


def test_a_healthy_cloud_passes_however_it_is_named(estate: Estate) -> None:
    before = estate.cloud.objects()
    for which, uuid in (
        ("--offering-uuid", estate.offering["uuid"]),
        ("--service-uuid", estate.tenant.service_settings.uuid.hex),
        ("--tenant-uuid", estate.tenant.uuid.hex),
    ):
        code, out, err = run("validate_openstack_services", which, uuid, "--verbose")
        assert (code, err) == (0, ""), out
        assert "OK      Nova: list flavors" in out
        assert out.rstrip().endswith("checks, none failed.")
    assert estate.cloud.leftovers(before).keys() <= {"security_groups", "security_group_rules"}  # Neutron's default


def test_what_does_not_work_is_told_and_exits_1(estate: Estate) -> None:
    estate.cloud.add_fault("status", operation="flavor.list", status=403, times=0)
    estate.cloud.add_fault("status", operation="flavor.list_detail", status=403, times=0)
    code, out, err = run("validate_openstack_services", "--offering-uuid", estate.offering["uuid"])
    assert (code, out.count("\n")) == (1, 1)
    assert "FAILED  Nova: list flavors" in err


@pytest.mark.parametrize("which", ["--offering-uuid", "--service-uuid", "--tenant-uuid"])
@pytest.mark.parametrize("uuid", ["nonsense", "0" * 32])
def test_what_does_not_exist_exits_2(which: str, uuid: str, estate: Estate) -> None:
    assert run("validate_openstack_services", which, uuid)[0] == 2


@pytest.mark.parametrize("inside_tenant", [False, True])
def test_write_tests_make_something_of_each_kind_and_leave_nothing(inside_tenant: bool, estate: Estate) -> None:
    administrator(estate).network.list("security_group")
    before, calls = estate.cloud.objects(), estate.cloud.call_count()
    which = ["--tenant-uuid", estate.tenant.uuid.hex] if inside_tenant else ["--offering-uuid", estate.offering["uuid"]]
    code, out, err = run("validate_openstack_services", *which, "--test-writes", "--verbose")
    assert (code, err) == (0, "")
    for what in ("security group", "network", "volume", "server group", "instance"):
        assert f": create a {what}".replace("a instance", "an instance") in out
    made = {call["operation"] for call in estate.cloud.calls(calls) if call["changed"]}
    assert made >= {
        "security_group.create", "network.create", "volume.create", "server_group.create", "floatingip.create",
        "server.create",
    }  # fmt: skip
    assert estate.cloud.leftovers(before) == {}


def test_a_trial_that_fails_cleans_up_and_tells(estate: Estate) -> None:
    administrator(estate).network.list("security_group")
    before = estate.cloud.objects()
    estate.cloud.fail_next("server.build", message="No valid host was found.")
    estate.cloud.add_fault("lose_reply", operation="volume.create")
    code, _, err = run("validate_openstack_services", "--offering-uuid", estate.offering["uuid"], "--test-writes")
    assert code == 1
    assert "FAILED  Nova: create an instance" in err
    assert "FAILED  Cinder: create a volume" in err
    assert estate.cloud.leftovers(before) == {}


def test_a_later_run_removes_what_a_killed_one_left(estate: Estate) -> None:
    tenant = Tenant.objects.get()
    cloud = cloud_of(tenant)
    cloud.network.create("network", name=f"{PREFIX}-dead", description=PREFIX)
    cloud.block_storage.create_volume(name=f"{PREFIX}-dead", size=1)
    cloud.compute.create_server_group(f"{PREFIX}-dead", "affinity")
    assert len(leftovers(cloud, tenant.backend_id)) == 3
    assert run("validate_openstack_services", "--tenant-uuid", tenant.uuid.hex, "--test-writes")[0] == 0
    assert leftovers(cloud, tenant.backend_id) == {}


def test_a_server_that_happens_to_be_called_alike_is_left_alone(estate: Estate) -> None:
    cloud: Any = cloud_of(estate.tenant)
    kept = cloud.network.create("network", name="waldur-validations")["id"]
    assert run("validate_openstack_services", "--tenant-uuid", estate.tenant.uuid.hex, "--test-writes")[0] == 0
    assert cloud.network.show("network", kept)
