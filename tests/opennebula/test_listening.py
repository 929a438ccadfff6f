"""The agent in the mode `event_process`, for an OpenNebula: what happens in the marketplace is done at once."""

import pytest

from tests.factories import client_of
from tests.marketplace.stage import post
from tests.marketplace_site_agent.listening import listening, listens, wait_and_carry
from tests.marketplace_site_agent.running import Agent
from tests.opennebula.looks import (
    connect,
    credentials_of,
    done,
    ended,
    machine_of,
    served,
    size,
    state_of,
    vm_quota,
    work,
)
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_mastermind.marketplace_site_agent.models import BackendResource, BackendResourceRequest

VM_SETTINGS = {"resource_type": "vm", "parent_vdc_backend_id": "parent", "template_id": 0}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]


def test_orders_marks_and_members_are_heeded_at_once(stage: OpenNebulaStage, site: Site, rabbitmq: str) -> None:
    before = site.cloud.objects()
    with listening(site.of_vdcs(listens=listens(rabbitmq))) as agent:
        order = stage.order_vdc()
        wait_and_carry(agent, lambda: ended(order))
        resource = done(order)
        first_ones = credentials_of(resource)
        vm = connect(site, first_ones).template.instantiate(0, "web", False, "")

        post(stage.owner, resource, "update_limits", {"limits": {**LIMITS, "ram": 16}})
        wait_and_carry(agent, lambda: vm_quota(site, "genome-lab").MEMORY == 16384)
        wait_and_carry(agent, lambda: ended(Order.objects.get(type="Update")))

        for paused, state in ((True, 5), (False, 3)):
            post(stage.staff, resource, "set_paused", {"paused": paused})
            wait_and_carry(agent, lambda state=state: state_of(site, vm) == state)

        post(stage.owner, resource, "renew_access")
        wait_and_carry(agent, lambda: credentials_of(resource) != first_ones)
        second_ones = credentials_of(resource)
        assert work(site, second_ones)
        assert not work(site, first_ones)

        body = {"user": stage.member.uuid.hex, "role": "PROJECT.MEMBER"}
        assert post(stage.owner, stage.project, "delete_user", body, "projects").status_code == 200
        wait_and_carry(agent, lambda: not work(site, second_ones))

        connect(site).vm.action("terminate-hard", vm)
        agent.wait(lambda: state_of(site, vm) == 6)
        end = stage.terminate(resource)
        wait_and_carry(agent, lambda: ended(end))
        assert done(end).state == "Terminated"
    assert site.cloud.leftovers(before) == {}


def lose(resource: Resource) -> None:
    """As when the marketplace's database is brought back from before it was ordered."""
    Order.objects.filter(resource=resource).delete()
    resource.delete()


def look_for_lost(stage: OpenNebulaStage, agent: Agent, offering: Offering) -> list[BackendResource]:
    """What the agent finds when the provider asks what there is."""
    asked = client_of(stage.provider_owner).post("/api/backend-resource-requests/", {"offering": offering.uuid.hex})
    assert asked.status_code == 201, asked.json()
    request = BackendResourceRequest.objects.get(uuid=asked.json()["uuid"])
    wait_and_carry(agent, lambda: BackendResourceRequest.objects.get(pk=request.pk).state in ("Done", "Erred"))
    request.refresh_from_db()
    assert request.state == "Done", request.error_message
    return list(BackendResource.objects.filter(offering=offering))


def import_found(stage: OpenNebulaStage, found: BackendResource) -> Resource:
    answer = client_of(stage.provider_owner).post(f"/api/backend-resources/{found.uuid.hex}/import_resource/")
    assert answer.status_code == 201, answer.json()
    return Resource.objects.get(uuid=answer.json()["uuid"])


def test_what_the_marketplace_has_lost_is_found_and_imported(stage: OpenNebulaStage, site: Site, rabbitmq: str) -> None:
    """Two VDCs of a project that are there; the marketplace knows one."""
    agent = site.of_vdcs(listens=listens(rabbitmq, resource_import_enabled=True))
    orders = [stage.order_vdc("Known"), stage.order_vdc("Lost")]
    with listening(agent):
        wait_and_carry(agent, lambda: ended(*orders))
        known, lost = (done(order) for order in orders)
        metadata, limits = lost.backend_metadata, lost.limits
        lose(lost)

        [found] = look_for_lost(stage, agent, stage.vdcs)
        assert (found.backend_id, found.project) == ("lost", stage.project)

        imported = import_found(stage, found)
        wait_and_carry(agent, lambda: Resource.objects.get(pk=imported.pk).limits == limits)
    agent.works("membership_sync", lambda: Resource.objects.get(pk=imported.pk).backend_metadata == metadata)
    assert work(site, credentials_of(imported))
    assert Resource.objects.get(pk=known.pk).state == "OK"


def test_a_lost_machine_is_found_and_nothing_that_is_known_or_of_another_kind(
    stage: OpenNebulaStage, site: Site, rabbitmq: str
) -> None:
    """In one OpenNebula: a VDC with its router, machines of two offerings, one of them lost."""
    other = stage.offer_vms("Other VM")
    parent = stage.order_vdc("parent")
    served(site.of_vdcs(), parent)
    elsewhere = stage.order_vm("elsewhere", offering=other)
    site.of_vms("parent", other).works("order_process", lambda: ended(elsewhere))
    done(elsewhere)
    agent = site.agent(stage.vms, listens(rabbitmq, resource_import_enabled=True), **VM_SETTINGS)
    orders = [stage.order_vm("known"), stage.order_vm("lost", plan="Large")]
    with listening(agent):
        wait_and_carry(agent, lambda: ended(*orders))
        known, lost = (done(order) for order in orders)
        metadata, vm = lost.backend_metadata, machine_of(site, lost)
        lose(lost)

        [found] = look_for_lost(stage, agent, stage.vms)
        assert (found.backend_id, found.project) == ("lost", stage.project)

        imported = import_found(stage, found)
        assert imported.plan == stage.vms.plans.get(name="Large")
        wait_and_carry(agent, lambda: Resource.objects.get(pk=imported.pk).backend_metadata == metadata)
        assert look_for_lost(stage, agent, stage.vms) == []

        smaller = stage.switch_plan(imported, "Small")
        wait_and_carry(agent, lambda: ended(smaller))
        assert size(connect(site).vm.info(vm.ID))[:2] == ("1", "1024")
        end = stage.terminate(done(smaller))
        wait_and_carry(agent, lambda: ended(end))
        assert done(end).state == "Terminated"
        assert state_of(site, vm.ID) == 6
    imported.refresh_from_db()
    assert (imported.limits, known.state) == ({}, "OK")


def test_a_restored_machine_is_told_of_at_once(stage: OpenNebulaStage, site: Site, rabbitmq: str) -> None:
    parent = stage.order_vdc("parent")
    served(site.of_vdcs(), parent)
    with listening(site.agent(stage.vms, listens(rabbitmq), **VM_SETTINGS)) as agent:
        order = stage.order_vm()
        wait_and_carry(agent, lambda: ended(order))
        end = stage.terminate(done(order))
        wait_and_carry(agent, lambda: ended(end))
        restoration = stage.restore(done(end))
        wait_and_carry(agent, lambda: ended(restoration))
        resource = done(restoration)
        wait_and_carry(agent, lambda: "vm_id" in Resource.objects.get(pk=resource.pk).backend_metadata)
        assert size(machine_of(site, resource)) == ("1", "1024", "5120")
