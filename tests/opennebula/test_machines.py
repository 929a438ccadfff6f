"""Machines sold by plans, through the unmodified agent: what is asked of one happens, or it is said that it did not."""

import pytest

from tests.api.keys import ED25519
from tests.opennebula.looks import (
    connect,
    done,
    ended,
    machine_of,
    names,
    refusal,
    restriction,
    served,
    shown,
    size,
    state_of,
)
from tests.opennebula.stage import OpenNebulaStage, Site
from waldur_core.structure.models import SshPublicKey
from waldur_mastermind.marketplace.models import Order, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]

SMALL, LARGE = ("1", "1024", "5120"), ("2", "4096", "10240")
OFF, ON = 5, 3


@pytest.fixture
def parent(stage: OpenNebulaStage, site: Site) -> Resource:
    return served(site.of_vdcs(), stage.order_vdc("parent"))


def test_a_machine_is_made_as_asked_and_again_when_it_is_restored(
    stage: OpenNebulaStage, site: Site, parent: Resource
) -> None:
    """Key by its UUID, template of the order, place; then ended and restored with the plan that it had last."""
    template = connect(site).template.clone(0, "another alpine")
    offering = stage.offer_vms("Placed VM", sched_requirements='NAME = "dummy1"', cluster_ids=[0])
    key = SshPublicKey.objects.get(user=stage.member).uuid.hex
    agent = site.of_vms("parent", offering)
    order = stage.order_vm(offering=offering, ssh_public_key=key, template_id=template)

    resource = served(agent, order)
    first = machine_of(site, resource)
    assert (size(first), first.GNAME, first.TEMPLATE["TEMPLATE_ID"]) == (SMALL, "parent", str(template))
    assert first.TEMPLATE["CONTEXT"]["SSH_PUBLIC_KEY"] == ED25519
    assert first.USER_TEMPLATE["SCHED_REQUIREMENTS"] == '(NAME = "dummy1") & (CLUSTER_ID = 0)'
    assert first.HISTORY_RECORDS.HISTORY[0].HOSTNAME == "dummy1"
    told = shown(stage.member, resource)["backend_metadata"]
    assert told == {
        "vm_id": first.ID,
        "ip_address": first.TEMPLATE["NIC"]["IP"],
        "template_id": str(template),
        "parent_vdc_backend_id": "parent",
    }

    for ask in (lambda: stage.switch_plan(resource, "Large"), lambda: stage.terminate(resource)):
        asked = ask()
        agent.works("order_process", lambda asked=asked: ended(asked))
        done(asked)
    restoration = stage.restore(resource)
    agent.works("order_process", lambda: ended(restoration))

    assert done(restoration).state == "OK"
    agent.works("membership_sync", lambda: "vm_id" in Resource.objects.get(pk=resource.pk).backend_metadata)
    second = machine_of(site, resource)
    assert (second.ID, size(second)) == (first.ID + 1, LARGE)
    assert second.TEMPLATE["CONTEXT"]["SSH_PUBLIC_KEY"] == ED25519
    assert second.TEMPLATE["TEMPLATE_ID"] == str(template)


def test_a_restoration_that_breaks_off_is_finished(stage: OpenNebulaStage, site: Site, parent: Resource) -> None:
    """The agent dies when the machine is there and does not run yet: that is no machine restored."""
    agent = site.of_vms("parent")
    order = stage.order_vm()
    agent.works("order_process", lambda: ended(order))
    end = stage.terminate(done(order))
    agent.works("order_process", lambda: ended(end))
    before = site.cloud.objects()
    site.cloud.add_fault("hold_after", operation="template.instantiate")
    restoration = stage.restore(done(end))
    site.kill_at_held_call(agent)

    resource = served(agent, restoration)
    assert len(site.cloud.leftovers(before)["vms"]) == 1
    agent.works("membership_sync", lambda: "vm_id" in Resource.objects.get(pk=resource.pk).backend_metadata)
    vm = machine_of(site, resource)
    assert (vm.STATE, vm.GNAME, size(vm)) == (ON, "parent", SMALL)


def test_a_machine_whose_vdc_is_gone_is_not_restored_and_says_why(
    stage: OpenNebulaStage, site: Site, parent: Resource
) -> None:
    agent = site.of_vms("parent")
    order = stage.order_vm()
    agent.works("order_process", lambda: ended(order))
    end = stage.terminate(done(order))
    agent.works("order_process", lambda: ended(end))
    served(site.of_vdcs(), stage.terminate(parent))

    restoration = stage.restore(done(end))
    agent.works("order_process", lambda: ended(restoration))

    assert "parent_vdc_backend_id: OpenNebula has no VDC parent. Order it first" in refusal(restoration)
    assert shown(stage.owner, restoration.resource)["state"] == "Terminated"
    assert names(site, "vms") == []


def test_marks_and_smaller_plans_do_what_they_say_or_say_what_they_do_not(
    stage: OpenNebulaStage, site: Site, parent: Resource
) -> None:
    agent = site.of_vms("parent")
    resource = served(agent, stage.order_vm(plan="Large"))
    vm = machine_of(site, resource).ID

    def follows(expected: str | None) -> None:
        agent.works("membership_sync", lambda: restriction(stage.member, resource) == expected)

    stage.mark(resource, paused=True)
    follows("paused")
    assert state_of(site, vm) == OFF
    seen = shown(stage.member, resource)
    assert (seen["paused"], seen["downscaled"], seen["state"]) == (True, False, "OK")

    stage.mark(resource, downscaled=True, paused=False)
    follows("could not downscale: a machine has the size of its plan. Switch to a smaller plan.")
    agent.wait(lambda: state_of(site, vm) == ON)
    stage.mark(resource, downscaled=False)
    follows(None)

    update = stage.switch_plan(resource, "Small")
    agent.works("order_process", lambda: ended(update))
    assert done(update).plan.name == "Small"
    assert size(machine_of(site, resource)) == ("1", "1024", "10240")
    kept = "It stays 10240 MB: a disk does not shrink to the plan's 5120 MB."
    agent.works("membership_sync", lambda: shown(stage.member, resource)["backend_metadata"].get("disk") == kept)
    assert Order.objects.filter(resource=resource, state="done").count() == 2


def test_a_plan_that_its_vdc_has_no_room_for_changes_nothing(
    stage: OpenNebulaStage, site: Site, parent: Resource
) -> None:
    """OpenNebula grants the cores and refuses the disk; the order ends, and the machine runs as it was sold."""
    agent = site.of_vms("parent")
    resource = served(agent, stage.order_vm())
    connect(site).group.quota(site.cloud.id_of("groups", "parent"), 'VM=[SYSTEM_DISK_SIZE="6000"]')

    update = stage.switch_plan(resource, "Large")
    agent.works("order_process", lambda: ended(update))

    assert "VDC parent has no room for it: raise its limits or choose a smaller plan." in refusal(update)
    vm = machine_of(site, resource)
    assert (size(vm), vm.STATE, vm.LCM_STATE) == (SMALL, ON, 3)
    assert shown(stage.member, resource)["plan_name"] == "Small"


def test_a_machine_rests_with_its_vdc(stage: OpenNebulaStage, site: Site, parent: Resource) -> None:
    agent = site.of_vdcs()
    of_vms = site.of_vms("parent")
    resource = served(of_vms, stage.order_vm())
    vm = machine_of(site, resource).ID

    stage.mark(parent, paused=True)
    agent.works("membership_sync", lambda: restriction(stage.member, parent) == "paused")
    assert state_of(site, vm) == OFF
    of_vms.works("membership_sync", lambda: restriction(stage.member, resource) == "paused with its VDC")
    assert state_of(site, vm) == OFF

    stage.mark(parent, paused=False)
    agent.works("membership_sync", lambda: restriction(stage.member, parent) is None)
    agent.wait(lambda: state_of(site, vm) == ON)
