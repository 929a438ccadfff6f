"""Virtual networks: made, renamed, their MTU, removed."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import limit, usages
from tests.openstack.orders import build_instance, operation_of
from tests.openstack.wiring import (
    PATHS,
    delete,
    done,
    gone,
    in_cloud,
    link,
    made,
    make_network,
    make_subnet,
    patch,
    post,
    shown,
    state_of,
    url_of,
)
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Network, Port, Tenant


@pytest.mark.parametrize("door", ["tenant", "own"])
def test_a_network_is_made_by_either_door(cast: Cast, tenant: Tenant, door: str) -> None:
    before, body = usages(tenant), {"name": "backend", "description": "for servers", "mtu": 1400}
    if door == "tenant":
        answer = post(cast, tenant, "create_network", body)
    else:
        answer = client_of(cast.admin).post(PATHS[Network], {**body, "tenant": link(tenant)})
    network = made(answer, Network)
    found = in_cloud(network)
    assert (found["name"], found["mtu"], found["project_id"]) == ("backend", 1400, tenant.backend_id)
    assert found["description"].startswith("for servers [")
    assert usages(tenant)["network_count"] == before["network_count"] + 1
    seen = shown(cast, network)
    assert (seen["state"], seen["mtu"], seen["subnets"], seen["tenant_is_managed"]) == ("OK", 1400, [], True)
    assert (seen["type"], seen["segmentation_id"], seen["is_external"]) == ("vxlan", None, False)
    assert Event.objects.filter(event_type="openstack_network_created", scope_uuid=network.uuid).count() == 1


def test_the_provider_chooses_the_mtu_of_those_who_do_not(cast: Cast, tenant: Tenant) -> None:
    tenant.service_settings.options["default_internal_network_mtu"] = 1380
    tenant.service_settings.save()
    assert make_network(cast, tenant).mtu == 1380
    assert make_network(cast, tenant, mtu=1300).mtu == 1300


def test_a_network_gets_another_name_and_mtu(cast: Cast, tenant: Tenant) -> None:
    network = make_network(cast, tenant, description="old")
    done(patch(cast, network, {"name": "renamed"}), network, 200)
    assert (network.name, network.description, in_cloud(network)["name"]) == ("renamed", "old", "renamed")
    before = Operation.objects.count()
    assert patch(cast, network, {"name": "renamed"}).status_code == 200
    assert Operation.objects.count() == before
    answer = client_of(cast.admin).put(url_of(network), {"name": "put", "description": ""})
    done(answer, network, 200)
    assert (in_cloud(network)["name"], "old" in in_cloud(network)["description"]) == ("put", False)
    answer = post(cast, network, "set_mtu", {"mtu": "1200"})
    assert answer.json() == {"mtu": 1200}
    done(answer, network)
    assert (network.mtu, in_cloud(network)["mtu"]) == (1200, 1200)


def test_an_mtu_that_is_too_big_for_the_cloud_errs_the_network_until_another_is_set(cast: Cast, tenant: Tenant) -> None:
    network = make_network(cast, tenant)
    assert post(cast, network, "set_mtu", {"mtu": 9000}).status_code == 202
    drain()
    network.refresh_from_db()
    assert (network.state, network.mtu) == (CoreState.ERRED, 1450)
    assert "MTU is too big" in network.error_message
    assert client_of(cast.staff).post(url_of(network, "set_ok")).status_code == 200
    network.refresh_from_db()
    done(post(cast, network, "set_mtu", {"mtu": 1400}), network)


def test_a_network_goes_with_its_subnets(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before, cloud = usages(tenant), twin.objects()
    network = make_network(cast, tenant)
    for _ in range(2):
        make_subnet(cast, network, skip_router_connection=True)
    assert usages(tenant)["subnet_count"] == before["subnet_count"] + 2
    gone(delete(cast, network), network)
    assert twin.leftovers(cloud) == {}
    assert usages(tenant) == before
    assert Event.objects.filter(event_type="openstack_network_deleted").count() == 1


def test_a_network_that_is_gone_in_the_cloud_is_deleted(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    network = make_network(cast, tenant)
    Cloud.of(network.service_settings).network.remove("network", network.backend_id)
    gone(delete(cast, network), network)


def test_a_network_in_use_stays(cast: Cast, tenant: Tenant) -> None:
    network, subnet = tenant.networks.get(), tenant.subnets.get()
    build_instance(tenant, cast.owner)
    before = state_of(tenant)
    assert delete(cast, network).status_code == 409
    Port.objects.filter(network=network, device_owner__startswith="compute").delete()
    answer = delete(cast, network)
    assert (answer.status_code, str(subnet) in answer.json()["detail"]) == (409, True)
    assert state_of(tenant)[0] == before[0]
    assert network.state == CoreState.OK


def test_what_the_cloud_still_uses_errs_the_network_and_its_deletion_can_be_tried_again(
    cast: Cast, tenant: Tenant
) -> None:
    network, cloud = make_network(cast, tenant), Cloud.of(tenant.service_settings).network
    port = cloud.create("port", network_id=network.backend_id)  # somebody's, unknown to us
    assert delete(cast, network).status_code == 204
    drain()
    network.refresh_from_db()
    operation = operation_of(network)
    assert (network.state, port["id"] in network.error_message) == (CoreState.ERRED, True)
    cloud.remove("port", port["id"])
    answer = client_of(cast.admin).post(f"/api/operations/{operation.uuid.hex}/retry/")
    assert answer.status_code < 300, answer.content
    drain()
    assert not Network.objects.filter(pk=network.pk).exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"name": "n", "mtu": 67}, "mtu"),
        ({"name": "n", "mtu": 9001}, "mtu"),
        ({"name": "n", "mtu": "big"}, "mtu"),
        ({"name": "n", "description": "x" * 256}, "description"),
        ({"name": {"a": 1}}, "name"),
    ],
)
def test_bad_input_is_refused_with_the_field_named(cast: Cast, tenant: Tenant, body: Any, field: str) -> None:
    before = state_of(tenant)
    answer = post(cast, tenant, "create_network", body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    answer = client_of(cast.admin).post(PATHS[Network], {**body, "tenant": link(tenant)}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert state_of(tenant) == before


def test_the_quota_holds_here_and_in_the_cloud(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    limit(tenant, network_count=usages(tenant)["network_count"])
    before = state_of(tenant)
    assert post(cast, tenant, "create_network", {"name": "more"}).status_code == 400
    assert state_of(tenant) == before
    limit(tenant, network_count=100)
    Cloud.of(tenant.service_settings).network.set_quotas(tenant.backend_id, {"network": 1})
    answer = post(cast, tenant, "create_network", {"name": "more"})
    drain()
    network = Network.objects.get(uuid=answer.json()["uuid"])
    assert (network.state, operation_of(network).error_code) == (CoreState.ERRED, "quota")
    gone(delete(cast, network), network)


def test_only_those_who_manage_the_tenant_and_only_when_it_is_ok(cast: Cast, tenant: Tenant) -> None:
    network = tenant.networks.get()
    calls = [
        ("post", url_of(tenant, "create_network"), {"name": "n"}),
        ("post", PATHS[Network], {"name": "n", "tenant": link(tenant)}),
        ("patch", url_of(network), {"name": "n"}),
        ("put", url_of(network), {"name": "n"}),
        ("post", url_of(network, "set_mtu"), {"mtu": 1400}),
        ("post", url_of(network, "create_subnet"), {"name": "n"}),
        ("delete", url_of(network), {}),
    ]
    before = state_of(tenant)
    for method, path, body in calls:
        assert getattr(client_of(cast.member), method)(path, body).status_code == 403
        assert getattr(client_of(cast.stranger), method)(path, body).status_code in (400, 404)
    Tenant.objects.update(state=CoreState.UPDATING)
    for method, path, body in calls:
        assert getattr(client_of(cast.admin), method)(path, body).status_code == 409, path
    assert state_of(tenant) == before
