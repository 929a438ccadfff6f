"""What the marketplace shows of changes made in the cloud, and of rows that staff forgets."""

from typing import Any

import pytest

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.marketplace_openstack.strangers import inside
from tests.marketplace_openstack.watching import events, last_event, shown
from tests.openstack.behind import cloud_of
from tests.openstack.syncing import statements, synced
from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_openstack.models import FloatingIP, Instance
from waldur_openstack.sync.compute import INSTANCE

pytestmark = pytest.mark.slow


def pull(estate: Estate, obj: Any) -> None:
    assert estate.act(obj, "pull").status_code == 202
    drain()


def test_a_server_renamed_in_the_cloud_is_renamed_on_the_marketplace(estate: Estate) -> None:
    server = estate.server
    resource, cloud = estate.resource_of(server), cloud_of(server.tenant)
    for number, obj in enumerate((server, server.tenant)):
        cloud.compute.put(f"/servers/{server.backend_id}", {"server": {"name": f"renamed {number}"}})
        pull(estate, obj)
        assert shown(estate, resource)["name"] == f"renamed {number}"
    address = FloatingIP.objects.get(port__instance=server)
    assert shown(estate, resource)["backend_metadata"]["external_ips"] == [address.address]


def add_servers(estate: Estate, number: int) -> list[Instance]:
    """Made in the cloud, and taken in."""
    abroad = inside(estate.tenant)
    abroad.admin.compute.set_quotas(abroad.id, {"cores": 64})
    for place in range(number):
        abroad.add_server(f"server {place}")
    synced(estate.tenant.service_settings, full=True)
    servers = list(Instance.objects.filter(name__startswith="server "))
    assert len(servers) == number
    return servers


def test_many_servers_changed_at_once_cost_as_many_statements_as_two(estate: Estate) -> None:
    service, cloud, costs = estate.tenant.service_settings, cloud_of(estate.tenant), []
    servers = add_servers(estate, 12)
    for names in ({server: f"first {server.pk}" for server in servers[:2]}, {s: f"second {s.pk}" for s in servers}):
        for server, name in names.items():
            cloud.compute.put(f"/servers/{server.backend_id}", {"server": {"name": name}})
        number, _, run = statements(service, kinds=[INSTANCE], full=True)
        costs.append(number)
        assert run.rows_changed == len(names)
        assert [estate.resource_of(server).name for server in names] == list(names.values())
    assert costs[0] == costs[1]


def test_many_servers_that_break_recover_or_vanish_cost_as_many_statements_as_two(estate: Estate) -> None:
    service, abroad, cloud = estate.tenant.service_settings, inside(estate.tenant), cloud_of(estate.tenant)
    servers, costs = add_servers(estate, 8), []
    admin = abroad.admin.in_project(abroad.id)
    for some in (servers[:2], servers[2:]):
        for state, word in (("error", "Erred"), ("active", "OK")):
            for server in some:
                admin.compute.act(server.backend_id, "os-resetState", {"state": state})
            costs.append(cost_of_a_look(service, estate, some, word)[0])
        for server in some:
            cloud.compute.delete_server(server.backend_id)
        _, writes = cost_of_a_look(service, estate, some, "Erred")
        assert (
            sum(text.startswith('UPDATE "marketplace_resource"') for text in writes) <= 2
        )  # before and after the last that is left
    assert costs[:2] == costs[2:]
    texts = {estate.resource_of(server).error_message for server in servers}
    assert texts == {f"Instance {server.name} does not exist in the cloud any more." for server in servers}


def cost_of_a_look(
    service: ServiceSettings, estate: Estate, servers: list[Instance], state: str
) -> tuple[int, list[str]]:
    """Statements of a look, and those that write, after which the resources of these servers are in `state`."""
    number, writes, _ = statements(service, kinds=[INSTANCE], full=True)
    assert {estate.resource_of(server).state for server in servers} == {state}
    return number, writes


def test_a_server_that_is_lost_and_found(estate: Estate) -> None:
    server, since = estate.server, last_event()
    resource, known = estate.resource_of(server), server.backend_id
    type(server).objects.update(backend_id="0" * 32)
    pull(estate, server.tenant)
    told = shown(estate, resource)
    assert told["state"] == "Erred"
    assert told["error_message"] == "Instance sequencer does not exist in the cloud any more."
    assert "marketplace_resource_erred_on_backend" in [kind for kind, _ in events(estate, since)]
    type(server).objects.update(backend_id=known)
    pull(estate, server.tenant)
    told = shown(estate, resource)
    assert (told["state"], told["error_message"]) == ("OK", "")


def test_the_resource_of_a_forgotten_server_ends(estate: Estate) -> None:
    resource, volumes = estate.resource_of(estate.server), list(estate.server.volumes.all())
    before = len(estate.cloud.objects()["servers"])
    assert estate.act(estate.server, "unlink", user=estate.staff).status_code == 204
    assert shown(estate, resource)["state"] == "Terminated"
    assert {estate.resource_of(volume).state for volume in volumes} == {Resource.State.OK}
    assert len(estate.cloud.objects()["servers"]) == before


def test_all_ends_with_a_forgotten_tenant(estate: Estate) -> None:
    tenant, in_cloud = estate.tenant, estate.cloud.objects()
    resources = list(Resource.objects.all())
    assert len(resources) >= 4
    assert estate.act(tenant, "unlink", user=estate.staff).status_code == 204
    assert {shown(estate, resource)["state"] for resource in resources} == {"Terminated"}
    private = Offering.objects.filter(scope_uuid=tenant.uuid)
    assert (private.count(), set(private.values_list("state", flat=True))) == (2, {Offering.State.ARCHIVED})
    assert not Operation.objects.filter(state__in=Operation.LIVE).exists()
    assert estate.cloud.objects() == in_cloud
