"""Virtual machines in a VDC: sized by plans, resized, ended; and such that serve a model."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import BadInput, CloudError, NotYet, Unreachable
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect
from .machine import GIGABYTES, KEY, KEY_ID, SMALL, machine, wanted
from .tenant import TEMPLATE, found


def test_a_machine_has_the_size_of_its_plan(cloud: Cloud, offering: VmOffering) -> None:
    metadata = offering.create(wanted())

    vm = machine(cloud)
    sizes = [vm.text(f"TEMPLATE/{name}") for name in ("CPU", "VCPU", "MEMORY", "DISK/SIZE")]
    assert sizes == ["1", "1", "1024", "5120"]
    assert (vm.text("STATE"), vm.text("LCM_STATE"), vm.text("GNAME")) == ("3", "3", "blue")
    assert metadata == {
        "vm_id": vm.id,
        "ip_address": "10.0.0.2",
        "template_id": str(TEMPLATE),
        "parent_vdc_backend_id": "blue",
    }
    assert offering.usage("web") == {"vcpu": 1, "vm_ram": 1024, "vm_disk": 5120}


def test_a_machine_is_in_the_tenants_network_behind_its_rules(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())

    (nic,) = machine(cloud).all("TEMPLATE/NIC")
    rules = cloud.pools.ours("security_groups", "blue")
    assert rules is not None
    assert (nic.text("NETWORK"), nic.text("SECURITY_GROUPS")) == ("blue_internal", str(rules.id))


@pytest.mark.parametrize("given", [KEY, str(KEY_ID), KEY_ID.hex], ids=["text", "uuid", "hex"])
def test_the_ssh_key_reaches_the_machine(cloud: Cloud, offering: VmOffering, given: str) -> None:
    offering.create(wanted(attributes={"ssh_public_key": given}))

    context = machine(cloud).vector("TEMPLATE/CONTEXT")
    assert context["SSH_PUBLIC_KEY"] == KEY
    assert context["ETH0_IP"] == "10.0.0.2"  # the template's NETWORK=YES is still there


def test_a_key_with_quotes_breaks_out_of_nothing(cloud: Cloud, offering: VmOffering) -> None:
    """Values never end the template that they stand in."""
    key = 'ssh-ed25519 AAAA"] CPU="99'
    with pytest.raises(BadInput, match="ssh_public_key"):
        offering.create(wanted(attributes={"ssh_public_key": key}))
    offering.create(wanted(attributes={"ssh_public_key": f'{KEY} "] CPU="99'}))
    assert machine(cloud).text("TEMPLATE/CPU") == "1"


def test_the_scheduler_is_told_where_it_may_run(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted(options={"sched_requirements": 'NAME = "dummy1"', "cluster_ids": [0]}))

    vm = machine(cloud)
    assert vm.note("SCHED_REQUIREMENTS") == '(NAME = "dummy1") & (CLUSTER_ID = 0)'
    assert vm.text("HISTORY_RECORDS/HISTORY/HOSTNAME") == "dummy1"


def test_the_template_of_the_order_comes_first(cloud: Cloud, offering: VmOffering) -> None:
    with pytest.raises(BadInput, match="template_id: OpenNebula has no template 77"):
        offering.create(wanted(attributes={"template_id": 77}))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"options": {"parent_vdc_backend_id": "none"}}, "parent_vdc_backend_id: OpenNebula has no VDC none"),
        ({"options": {"parent_vdc_backend_id": ""}}, "parent_vdc_backend_id: no VDC is given"),
        ({"options": {"template_id": None}}, "template_id: no template is given"),
        ({"options": {"template_id": 1}}, "template_id: template 1 is one of virtual routers"),
        ({"options": {"cluster_ids": [77]}}, "cluster_ids: OpenNebula has no cluster 77"),
        ({"plan_quotas": {}}, "plan: it has no amounts"),
        ({"plan_quotas": {"vcpu": 1}}, "plan: it has no vm_ram"),
        ({"plan_quotas": {"vcpu": 1, "vm_ram": 1, "vm_disk": 0.001}}, "Choose a plan with a larger disk"),
        ({"plan_quotas": {"vcpu": 100, "vm_ram": 1}}, "parent_vdc_backend_id: .* has no room"),
        ({"attributes": {"ssh_public_key": str(uuid.uuid4())}}, "ssh_public_key: no key"),
        ({"attributes": {"ssh_public_key": "my key"}}, "ssh_public_key: it is no public key"),
        ({"attributes": {"model": "no-such-model"}}, "model: OpenNebula has no image"),
        ({"attributes": {"model": "alpine", "ONEAPP_VLLM_API_PORT": "x"}}, "ONEAPP_VLLM_API_PORT: 'x' does not fit"),
        ({"attributes": {"model": "alpine", "ONEAPP_VLLM_X": "1"}}, "ONEAPP_VLLM_X: the engine has no such"),
    ],
)
def test_orders_that_cannot_work_are_named(
    offering: VmOffering, inspect: OpenNebulaTwinClient, changes: dict[str, Any], sentence: str
) -> None:
    before = inspect.objects()

    with pytest.raises(CloudError, match=sentence):
        offering.create(wanted(**changes))

    assert inspect.leftovers(before) == {}


@pytest.mark.parametrize(("state", "error"), [("creating", NotYet), ("deleting", BadInput)])
def test_no_machine_is_made_in_half_a_vdc(
    offering: VmOffering, inspect: OpenNebulaTwinClient, state: str, error: type[CloudError]
) -> None:
    before = inspect.objects()
    vdc = found(offering.cloud)
    offering.cloud.vdcs.note(vdc, {"WALDUR_STATE": state})
    offering.cloud.pools.forget()

    with pytest.raises(error, match="parent_vdc_backend_id: VDC blue is "):
        offering.create(wanted())

    assert inspect.leftovers(before) == {}


def test_a_machine_that_fails_to_boot_is_told_and_undone(offering: VmOffering, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()
    inspect.fail_next("vm.boot", "no KVM here")

    with pytest.raises(CloudError, match=r"failed to start: .*no KVM here"):
        offering.create(wanted())

    assert inspect.leftovers(before) == {}


@pytest.mark.parametrize("operation", ["template.instantiate", "vm.chown", "vm.action", "vm.info"])
@pytest.mark.parametrize("action", ["lose_reply", "drop"])
def test_lost_answers_make_one_machine(
    offering: VmOffering, inspect: OpenNebulaTwinClient, operation: str, action: str
) -> None:
    before = inspect.objects()
    inspect.add_fault(action, operation=operation)

    offering.create(wanted())

    assert len(inspect.leftovers(before)["vms"]) == 1


@pytest.mark.slow
def test_a_machine_begun_by_a_dead_agent_is_finished(
    offering: VmOffering, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    before = inspect.objects()
    inspect.add_fault("drop", operation="vm.chown", times=4)
    with pytest.raises(Unreachable):
        offering.create(wanted())

    again = connect(twin)
    VmOffering(again, {}).create(wanted())

    assert len(inspect.leftovers(before)["vms"]) == 1
    assert machine(again).text("GNAME") == "blue"


def test_another_plan_resizes_and_grows(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())

    offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)

    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 4096, "vm_disk": 8192}
    assert machine(cloud).text("LCM_STATE") == "3"


def test_a_disk_does_not_shrink(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())

    offering.set_limits("web", {"vcpu": 2, "vm_ram": 1, "vm_disk": 3}, GIGABYTES)

    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 1024, "vm_disk": 5120}
    told = "It stays 5120 MB: a disk does not shrink to the plan's 3072 MB."
    assert offering.metadata("web")["disk"] == told
    assert offering.limits("web") == {"vcpu": 2, "vm_ram": 1024, "vm_disk": 3072}  # by which its plan is known
    offering.set_limits("web", {"vcpu": 2, "vm_ram": 1, "vm_disk": 6}, GIGABYTES)
    assert "disk" not in offering.metadata("web")


def test_the_same_size_does_not_stop_the_machine(offering: VmOffering, inspect: OpenNebulaTwinClient) -> None:
    offering.create(wanted())
    since = inspect.call_count()

    offering.set_limits("web", SMALL, GIGABYTES)

    assert not [call for call in inspect.calls(since) if call["changed"]]


@pytest.mark.parametrize("operation", ["vm.resize", "vm.diskresize"])
def test_a_machine_runs_again_when_resizing_fails(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient, operation: str
) -> None:
    offering.create(wanted())
    inspect.refuse(operation, message="no room on the host")

    with pytest.raises(CloudError, match="no room on the host"):
        offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)

    assert machine(cloud).text("LCM_STATE") == "3"


@pytest.mark.slow
def test_a_resize_that_broke_off_is_finished_and_the_machine_runs(
    twin: OpenNebulaTwin, offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    offering.create(wanted())
    inspect.add_fault("drop", operation="vm.resize", times=4)
    with pytest.raises(Unreachable):
        offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)
    again = connect(twin)
    assert machine(again).text("STATE") == "8"

    VmOffering(again, {}).set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)

    assert machine(again).text("LCM_STATE") == "3"
    assert VmOffering(again, {}).usage("web") == {"vcpu": 2, "vm_ram": 4096, "vm_disk": 8192}


def test_a_machine_ends_and_frees_its_address(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    before = inspect.objects()
    offering.create(wanted())

    offering.delete("web")
    offering.delete("web")

    assert inspect.leftovers(before) == {}
    assert not offering.exists("web")


def test_a_machine_that_failed_can_be_deleted(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    before = inspect.objects()
    offering.create(wanted())
    vm = machine(cloud)
    cloud.daemon.once("vm.action", "poweroff-hard", vm.id)
    inspect.fail_next("vm.boot")
    cloud.daemon.once("vm.action", "resume", vm.id)
    cloud.pools.forget()

    offering.delete("web")

    assert inspect.leftovers(before) == {}


def test_tags_that_a_tenant_wrote_mislead_nobody(cloud: Cloud, twin: OpenNebulaTwin, offering: VmOffering) -> None:
    from .tenant import as_user

    as_user(twin, cloud).vm.allocate('NAME="mine" CPU="4" MEMORY="64" WALDUR_BACKEND_ID="web"', False)
    cloud.pools.forget()

    assert not offering.exists("web")


class TestServingModels:
    MODEL = {"model": "llama", "ONEAPP_VLLM_API_PORT": "9000", "ONEAPP_VLLM_API_WEB": "YES"}

    @pytest.fixture
    def image(self, cloud: Cloud, offering: VmOffering) -> int:
        image = cloud.daemon.once("image.allocate", 'NAME="llama" TYPE="DATABLOCK" SIZE="2048"', 1, False)
        cloud.pools.forget()
        return int(image)

    def test_the_model_is_a_disk_and_its_parameters_are_context(
        self, cloud: Cloud, offering: VmOffering, image: int
    ) -> None:
        metadata = offering.create(wanted(attributes=self.MODEL))

        vm = machine(cloud)
        assert [disk.text("IMAGE") for disk in vm.all("TEMPLATE/DISK")] == ["alpine", "llama"]
        context = vm.vector("TEMPLATE/CONTEXT")
        assert (context["ONEAPP_VLLM_API_PORT"], context["ONEAPP_VLLM_API_WEB"]) == ("9000", "YES")
        assert {name: metadata[name] for name in ("endpoint", "web_ui", "model")} == {
            "endpoint": "http://10.0.0.2:9000",
            "web_ui": "http://10.0.0.2:9000",
            "model": "llama",
        }
        assert offering.metadata("web") == metadata
        assert offering.limits("web")["vm_disk"] == 5120  # without the model

    def test_the_engines_image_may_be_given(self, cloud: Cloud, offering: VmOffering, image: int) -> None:
        offering.create(wanted(attributes={"model": str(image)}, options={"engine_image_id": 1}))

        assert [disk.text("IMAGE") for disk in machine(cloud).all("TEMPLATE/DISK")] == ["service-vnf", "llama"]

    def test_a_model_that_is_not_ready_is_named(
        self, offering: VmOffering, inspect: OpenNebulaTwinClient, cloud: Cloud
    ) -> None:
        inspect.set_latency({"image.create": 60.0})
        cloud.daemon.once("image.allocate", 'NAME="slow" TYPE="DATABLOCK" SIZE="2048"', 1, False)
        with pytest.raises(BadInput, match=r"model: image slow .* is not READY"):
            offering.create(wanted(attributes={"model": "slow"}))
