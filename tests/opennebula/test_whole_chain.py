"""What is ordered in our marketplace stands in OpenNebula: through the unmodified agent, from order to termination."""

from typing import Any

import pytest

from tests.marketplace.stage import post
from tests.marketplace_site_agent.running import stop
from tests.opennebula.looks import (
    connect,
    credentials_of,
    done,
    ended,
    names,
    refusal,
    served,
    state_of,
    vm_quota,
    work,
)
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from waldur_core.permissions.grants import find_grant, revoke
from waldur_core.permissions.models import Role
from waldur_mastermind.marketplace.models import ComponentUsage, Order, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]


def counts(leftovers: dict[str, list[Any]]) -> dict[str, int]:
    return {kind: len(objects) for kind, objects in leftovers.items()}


def test_a_vdc_from_order_to_termination(stage: OpenNebulaStage, site: Site) -> None:
    before = site.cloud.objects()
    agent = site.of_vdcs()
    order = stage.order_vdc()

    agent.works("order_process", lambda: ended(order))  # the very first cycle after a start

    resource = done(order)
    assert (resource.state, resource.backend_id) == ("OK", "genome-lab")
    quota = vm_quota(site, "genome-lab")
    assert (quota.CPU, quota.MEMORY, quota.SYSTEM_DISK_SIZE) == (4, 8192, 20480)
    assert resource.limits == LIMITS
    assert resource.backend_metadata["subnet_cidr"] == "10.0.0.0/24"
    user = connect(site, credentials_of(resource))
    assert user.user.info(-1).NAME == "genome-lab_admin"

    post(stage.owner, resource, "update_limits", {"limits": {**LIMITS, "ram": 16}})
    update = Order.objects.get(type="Update")
    agent.works("order_process", lambda: ended(update))
    assert done(update).limits == {**LIMITS, "ram": 16}
    assert vm_quota(site, "genome-lab").MEMORY == 16384

    network = resource.backend_metadata["network_id"]
    disk = 'DISK=[IMAGE_ID="0",SIZE="3072"]'
    user.template.instantiate(0, "web", False, f'{disk} NIC=[NETWORK_ID="{network}"] NIC=[NETWORK_ID="0"]')
    agent.works("report", lambda: ComponentUsage.objects.filter(resource=resource).count() == 4)
    usages = {usage.component.type: float(usage.usage) for usage in ComponentUsage.objects.filter(resource=resource)}
    assert usages == {"cpu": 1, "ram": 0.5, "storage": 3, "floating_ip": 1}  # the private address is no floating IP

    metadata, seen = resource.backend_metadata, resource.last_sync
    agent.works("membership_sync", lambda: Resource.objects.get(pk=resource.pk).last_sync != seen)
    resource.refresh_from_db()
    assert resource.limits == {**LIMITS, "ram": 16}
    assert resource.backend_metadata == metadata
    assert resource.state == "OK"

    refused = stage.terminate(resource)
    agent.works("order_process", lambda: ended(refused))
    assert "still holds machine web" in refusal(refused)
    assert "genome-lab" in names(site, "vdcs")

    user.vm.action("terminate-hard", 1)
    Resource.objects.filter(pk=resource.pk).update(state="OK")
    Order.objects.filter(pk=refused.pk).delete()
    end = stage.terminate(resource)
    agent.works("order_process", lambda: ended(end))
    assert done(end).state == "Terminated"
    assert site.cloud.leftovers(before) == {}


def test_a_vm_from_order_to_termination(stage: OpenNebulaStage, site: Site) -> None:
    parent = stage.order_vdc("parent")
    served(site.of_vdcs(), parent)
    before = site.cloud.objects()
    agent = site.of_vms("parent")
    order = stage.order_vm(ssh_public_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGr anna")

    resource = served(agent, order)
    one = connect(site)
    vm = one.vm.info(int(resource.backend_metadata["vm_id"]))
    assert (vm.TEMPLATE["VCPU"], vm.TEMPLATE["MEMORY"], vm.TEMPLATE["DISK"]["SIZE"]) == ("1", "1024", "5120")
    assert vm.GNAME == "parent"
    assert vm.TEMPLATE["CONTEXT"]["SSH_PUBLIC_KEY"].endswith("anna")

    link = f"http://testserver/api/marketplace-plans/{stage.vms.plans.get(name='Large').uuid.hex}/"
    post(stage.owner, resource, "switch_plan", {"plan": link})
    update = Order.objects.get(type="Update")
    served(agent, update)
    vm = one.vm.info(vm.ID)
    assert (vm.TEMPLATE["VCPU"], vm.TEMPLATE["MEMORY"], vm.TEMPLATE["DISK"]["SIZE"]) == ("2", "4096", "10240")
    assert (vm.STATE, vm.LCM_STATE) == (3, 3)

    agent.works("report", lambda: ComponentUsage.objects.filter(resource=resource).count() == 3)
    usages = {usage.component.type: float(usage.usage) for usage in ComponentUsage.objects.filter(resource=resource)}
    assert usages == {"vcpu": 2, "vm_ram": 4, "vm_disk": 10}

    end = stage.terminate(resource)
    agent.works("order_process", lambda: ended(end))
    assert done(end).state == "Terminated"
    assert site.cloud.leftovers(before) == {}


def test_orders_that_cannot_be_met_end_with_a_sentence(stage: OpenNebulaStage, site: Site) -> None:
    before = site.cloud.objects()
    wrong = {
        "banana": "subnet_cidr: 'banana' is no IPv4 subnet",
        "8.8.8.0/24": "subnet_cidr: 8.8.8.0/24 is not private",
        "203.0.113.0/24": "subnet_cidr: 203.0.113.0/24 is not private",
    }
    orders = {subnet: stage.order_vdc(f"vdc {number}", subnet_cidr=subnet) for number, subnet in enumerate(wrong)}

    site.of_vdcs().works("order_process", lambda: ended(*orders.values()))

    for subnet, order in orders.items():
        assert wrong[subnet] in refusal(order)
    assert site.cloud.leftovers(before) == {}


def test_an_agent_killed_at_work_goes_on_after_its_restart(stage: OpenNebulaStage, site: Site) -> None:
    """Killed when the router had been made and nobody knew yet."""
    before = site.cloud.objects()
    site.cloud.add_fault("hold_after", operation="vrouter.allocate")
    agent = site.of_vdcs()
    order = stage.order_vdc()
    site.kill_at_held_call(agent)

    served(agent, order)
    made = {kind: len(objects) for kind, objects in site.cloud.leftovers(before).items()}
    made.pop("acl_rules")
    assert made == dict.fromkeys(("groups", "vdcs", "vnets", "virtual_routers", "vms", "security_groups", "users"), 1)


@pytest.mark.parametrize("how", ["refuse", "silent"])
def test_an_order_waits_while_the_cloud_does_not_answer(stage: OpenNebulaStage, site: Site, how: str) -> None:
    """Whether it cuts connections or takes them and says nothing."""
    site.cloud.go_dark(mode=how)
    agent = site.of_vdcs(request_timeout=1)
    order = stage.order_vdc()
    process = agent.start("order_process")
    try:
        agent.wait(lambda: "not ready for processing yet" in agent.log.read_text())
    finally:
        stop(process)
    order.refresh_from_db()
    assert order.state == "executing"

    site.cloud.light()
    served(agent, order)


def test_marks_and_members_reach_the_vdc(stage: OpenNebulaStage, site: Site) -> None:
    agent = site.of_vdcs()
    resource = served(agent, stage.order_vdc())
    first_ones = credentials_of(resource)
    vm = connect(site, first_ones).template.instantiate(0, "web", False, "")

    post(stage.staff, resource, "set_paused", {"paused": True})
    agent.works("membership_sync", lambda: state_of(site, vm) == 5)
    post(stage.staff, resource, "set_paused", {"paused": False})
    agent.works("membership_sync", lambda: state_of(site, vm) == 3)

    assert post(stage.owner, resource, "renew_access").status_code == 200
    agent.works("membership_sync", lambda: credentials_of(resource) != first_ones)
    second_ones = credentials_of(resource)
    assert "access_renewal" not in resource.backend_metadata
    assert work(site, second_ones)
    assert not work(site, first_ones)

    revoke(find_grant(stage.project, stage.member, Role.objects.get(name="PROJECT.MEMBER")), stage.project, actor=None)
    agent.works("membership_sync", lambda: credentials_of(resource) != second_ones)
    assert work(site, credentials_of(resource))
    assert not work(site, second_ones)
    assert Resource.objects.get(pk=resource.pk).state == "OK"


def test_what_was_ended_is_made_again_by_a_restoration(stage: OpenNebulaStage, site: Site) -> None:
    """All of it, also when the agent dies in the middle: half a VDC is none."""
    agent = site.of_vdcs()
    before = site.cloud.objects()
    order = stage.order_vdc()
    agent.works("order_process", lambda: ended(order))
    made = counts(site.cloud.leftovers(before))
    resource = served(agent, stage.terminate(done(order)))
    assert site.cloud.leftovers(before) == {}

    site.cloud.add_fault("hold_after", operation="vrouter.allocate")
    restoration = stage.restore(resource)
    site.kill_at_held_call(agent)
    restored = served(agent, restoration)
    assert (restored.state, restored.limits) == ("OK", LIMITS)
    assert counts(site.cloud.leftovers(before)) == made
    assert restored.secret_metadata == {}  # the password of before works no more
    agent.works(
        "membership_sync", lambda: "opennebula_password" in Resource.objects.get(pk=restored.pk).secret_metadata
    )
    assert work(site, credentials_of(restored))
