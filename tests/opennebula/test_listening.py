"""The agent in the mode `event_process`, for an OpenNebula: what happens in the marketplace is done at once."""

import pytest

from tests.factories import client_of
from tests.marketplace.stage import post
from tests.marketplace_site_agent.listening import listening, listens, wait_and_carry
from tests.opennebula.looks import connect, credentials_of, done, ended, state_of, vm_quota, work
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace_site_agent.models import BackendResource, BackendResourceRequest

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


def test_what_the_marketplace_has_lost_is_found_and_imported(stage: OpenNebulaStage, site: Site, rabbitmq: str) -> None:
    """Two VDCs of a project that are there; the marketplace knows one."""
    agent = site.of_vdcs(listens=listens(rabbitmq, resource_import_enabled=True))
    orders = [stage.order_vdc("Known"), stage.order_vdc("Lost")]
    with listening(agent):
        wait_and_carry(agent, lambda: ended(*orders))
        known, lost = (done(order) for order in orders)
        metadata, limits = lost.backend_metadata, lost.limits
        Order.objects.filter(resource=lost).delete()
        lost.delete()

        owner = client_of(stage.provider_owner)
        asked = owner.post("/api/backend-resource-requests/", {"offering": stage.vdcs.uuid.hex})
        assert asked.status_code == 201, asked.json()
        wait_and_carry(agent, lambda: BackendResourceRequest.objects.get().state not in ("Sent", "Processing"))
        request = BackendResourceRequest.objects.get()
        assert request.state == "Done", request.error_message
        found = BackendResource.objects.get()
        assert (found.backend_id, found.project) == ("lost", stage.project)

        answer = owner.post(f"/api/backend-resources/{found.uuid.hex}/import_resource/")
        assert answer.status_code == 201, answer.json()
        imported = Resource.objects.get(uuid=answer.json()["uuid"])
        wait_and_carry(agent, lambda: Resource.objects.get(pk=imported.pk).limits == limits)
    agent.works("membership_sync", lambda: Resource.objects.get(pk=imported.pk).backend_metadata == metadata)
    assert work(site, credentials_of(imported))
    assert Resource.objects.get(pk=known.pk).state == "OK"
