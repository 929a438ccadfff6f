"""Virtual machines in a VDC: sized by plans, placed, ended."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import BadInput, CloudError, NotYet, Unreachable
from waldur_site_agent_opennebula.settings import with_plugin_options
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .machine import GIGABYTES, KEY, KEY_ID, machine, wanted
from .tenant import TEMPLATE, as_user


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


@pytest.mark.parametrize(
    ("key", "value", "seen"),
    [
        ("parent_vdc_backend_id", "other", ("other", "0", "")),
        ("template_id", 0, ("blue", "0", "")),
        ("cluster_ids", [0], ("blue", "0", "CLUSTER_ID = 0")),
        ("sched_requirements", 'NAME = "dummy0"', ("blue", "0", 'NAME = "dummy0"')),
    ],
)
def test_the_offerings_options_come_before_the_agents_settings(
    cloud: Cloud, offering: VmOffering, key: str, value: Any, seen: tuple[str, ...]
) -> None:
    cloud.vdcs.create(order("other"))
    settings = {"parent_vdc_backend_id": "blue", "template_id": 0} | {
        key: {"template_id": 99, "cluster_ids": [77]}.get(key, "no such thing")
    }

    offering.create(wanted(options=with_plugin_options(settings, {key: value, "api_url": "http://elsewhere"})))

    vm = machine(cloud)
    assert (vm.text("GNAME"), vm.text("TEMPLATE/TEMPLATE_ID"), vm.note("SCHED_REQUIREMENTS")) == seen


def test_what_the_template_requires_of_hosts_holds_too(cloud: Cloud, offering: VmOffering) -> None:
    """A machine that needs a graphics card is not placed without one because its offering names a cluster."""
    cloud.daemon.once("template.update", TEMPLATE, 'SCHED_REQUIREMENTS="NAME = dummy1"', 1)

    offering.create(wanted(options={"cluster_ids": [0]}))

    vm = machine(cloud)
    assert vm.note("SCHED_REQUIREMENTS") == "(NAME = dummy1) & (CLUSTER_ID = 0)"
    assert vm.text("HISTORY_RECORDS/HISTORY/HOSTNAME") == "dummy1"


def test_the_template_of_the_order_comes_first(cloud: Cloud, offering: VmOffering) -> None:
    other = cloud.daemon.once("template.clone", TEMPLATE, "another", False)

    assert offering.create(wanted(attributes={"template_id": other}))["template_id"] == str(other)

    with pytest.raises(BadInput, match="template_id: OpenNebula has no template 77"):
        offering.create(wanted("two", attributes={"template_id": 77}))


def test_an_order_names_no_template_of_another_tenant(cloud: Cloud, twin: OpenNebulaTwin, offering: VmOffering) -> None:
    """The agent may use everything; who orders may not."""
    foreign = as_user(twin, cloud).template.allocate('NAME="secrets" CPU="1" MEMORY="64" CONTEXT=[KEY="secret"]')
    cloud.pools.forget()

    with pytest.raises(BadInput, match=r"template_id: .* Name one that the provider offers"):
        offering.create(wanted(attributes={"template_id": foreign}))


def test_a_machine_waits_for_its_vdc_and_gets_none_that_ends(cloud: Cloud, offering: VmOffering) -> None:
    """Half a VDC has no network yet, or no more."""
    vdc = cloud.vdcs.find("blue")
    assert vdc is not None
    for state, error, sentence in (("creating", NotYet, "still being made"), ("deleting", BadInput, "is being ended")):
        cloud.vdcs.note(vdc, {"WALDUR_STATE": state})
        cloud.pools.forget()
        with pytest.raises(error, match=f"parent_vdc_backend_id: VDC blue .*{sentence}"):
            offering.create(wanted())


def test_a_machine_without_disk_and_network_is_made_and_resized(cloud: Cloud) -> None:
    """Its template has none, and neither has the VDC a network nor the plan a disk."""
    cloud.vdcs.create(order("bare", network=None))
    bare = cloud.daemon.once("template.allocate", 'NAME="diskless" CPU="1" MEMORY="64" HYPERVISOR="dummy"')
    offering, plan = VmOffering(cloud, {}), {"vcpu": 1, "vm_ram": 1}
    options = {"parent_vdc_backend_id": "bare", "template_id": bare}

    metadata = offering.create(wanted(options=options, plan_quotas=plan))
    assert (metadata["ip_address"], offering.usage("web")) == ("", {"vcpu": 1, "vm_ram": 1024, "vm_disk": 0})

    offering.set_limits("web", {"vcpu": 2, "vm_ram": 2}, GIGABYTES)
    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 2048, "vm_disk": 0}
    with pytest.raises(CloudError, match=r"template_id: .* has no disk to be sized"):
        offering.create(wanted("two", options=options))


def test_a_network_that_is_full_is_named(cloud: Cloud, offering: VmOffering) -> None:
    vnet = cloud.pools.ours("vnets", "blue")
    assert vnet is not None
    for last in range(2, 255):
        cloud.daemon.once("vn.hold", vnet.id, f'LEASES=[IP="10.0.0.{last}"]')

    with pytest.raises(CloudError, match=r"parent_vdc_backend_id: .* The network of VDC blue has no free address"):
        offering.create(wanted())


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
    ],
)
def test_orders_that_cannot_work_are_named(
    offering: VmOffering, inspect: OpenNebulaTwinClient, changes: dict[str, Any], sentence: str
) -> None:
    before = inspect.objects()

    with pytest.raises(CloudError, match=sentence):
        offering.create(wanted(**changes))

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
    as_user(twin, cloud).vm.allocate('NAME="mine" CPU="4" MEMORY="64" WALDUR_BACKEND_ID="web"', False)
    cloud.pools.forget()

    assert not offering.exists("web")
