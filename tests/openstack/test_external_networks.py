"""The networks of the cloud's operator: read, shown to those who may use them, and what their addresses are outside."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import build_instance, operation_of
from tests.openstack.wiring import shown
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack.connection import validate_attributes
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import ExternalNetwork, ExternalSubnet, FloatingIP, Tenant
from waldur_openstack.workflows.connection import CheckConnection

EXTERNAL = "/api/openstack-external-networks/"
CONNECTION = {"backend_url": "https://cloud.example.com/v3", "username": "u", "password": "p", "tenant_name": "t"}


def check(service: ServiceSettings) -> None:
    start(CheckConnection, service, user=None)
    drain()
    service.refresh_from_db()
    assert operation_of(service).state == Operation.State.DONE, service.error_message


def test_a_connection_knows_the_external_networks(cast: Cast, service_settings: ServiceSettings) -> None:
    admin = Cloud.of(service_settings).network
    check(service_settings)
    row = ExternalNetwork.objects.get()
    found = admin.first("network", **{"router:external": True})
    assert found
    assert (row.backend_id, row.name, row.status, row.is_public) == (found["id"], "external", "ACTIVE", True)
    assert row.subnets.get().gateway_ip
    # what changes in the cloud changes here: another network, for nobody yet, and the first one gone
    other = admin.create("network", name="other", **{"router:external": True})
    admin.create("subnet", network_id=other["id"], name="block", cidr="198.51.100.0/24", ip_version=4)
    (policy,) = [item for item in admin.external_policies() if item["object_id"] == other["id"]]
    admin.delete(f"/rbac-policies/{policy['id']}")
    admin.remove("network", found["id"])
    service_settings.secret_options["external_network_id"] = ""
    service_settings.save()
    check(service_settings)
    row = ExternalNetwork.objects.get()
    assert (row.backend_id, row.is_public, row.subnets.get().name) == (other["id"], False, "block")


def test_reading_costs_three_calls_however_many_there_are(service_settings: ServiceSettings, twin: TwinClient) -> None:
    admin = Cloud.of(service_settings).network
    counts = []
    for number in range(3):
        before = twin.call_count()
        check(service_settings)
        counts.append(twin.call_count() - before)
        made = admin.create("network", name=str(number), **{"router:external": True})
        admin.create("subnet", network_id=made["id"], cidr=f"198.51.{number}.0/24", ip_version=4)
    assert counts[1] == counts[2]
    assert ExternalNetwork.objects.count() == 3


def test_members_see_what_their_tenants_may_use(cast: Cast, tenant: Tenant) -> None:
    admin = Cloud.of(tenant.service_settings).network
    made = admin.create("network", name="private", **{"router:external": True})
    (policy,) = [item for item in admin.external_policies() if item["object_id"] == made["id"]]
    admin.put(f"/rbac-policies/{policy['id']}", {"rbac_policy": {"target_tenant": tenant.backend_id}})
    check(tenant.service_settings)
    rows = client_of(cast.member).get(EXTERNAL).json()
    assert {row["name"] for row in rows} == {"external", "private"}
    assert {row["name"] for row in client_of(cast.member).get(EXTERNAL, {"name_exact": "private"}).json()} == {
        "private"
    }
    assert client_of(cast.stranger).get(EXTERNAL).json() == []
    one = client_of(cast.member).get(f"{EXTERNAL}{rows[0]['uuid']}/").json()
    assert {"settings", "is_shared", "is_default", "status", "subnets", "backend_id"} <= one.keys()
    ExternalSubnet.objects.update(dns_nameservers=["9.9.9.9"])
    (block,) = client_of(cast.member).get(EXTERNAL, {"name_exact": "external"}).json()[0]["subnets"]
    assert "dns_nameservers" not in block
    assert client_of(cast.stranger).get(f"{EXTERNAL}{rows[0]['uuid']}/").status_code == 404


@pytest.mark.parametrize("single", [True, False])
def test_addresses_are_shown_as_they_are_outside(cast: Cast, tenant: Tenant, single: bool) -> None:
    service, subnet = tenant.service_settings, ExternalSubnet.objects.get()
    inside = ip_network(subnet.cidr)
    outside = ip_network(f"100.64.0.0/{inside.prefixlen}")
    mapping: Any = {str(inside): str(outside)}
    if single:
        mapping = [{"floating_ip": str(inside[n]), "external_ip": str(outside[n])} for n in range(1, 9)]
    service.secret_options["ipv4_external_ip_mapping"] = mapping
    service.save()
    instance = build_instance(tenant, cast.owner)
    address = FloatingIP.objects.get(port__instance=instance)
    expected = str(outside[int(ip_address(str(address.address))) - int(inside[0])])
    assert address.external_address == expected
    answer = client_of(cast.member).get(f"/api/openstack-instances/{instance.uuid.hex}/").json()
    assert answer["external_address"] == [expected]
    check(service)
    assert ExternalSubnet.objects.get().public_ip_range == ("" if single else str(outside))
    router = shown(cast, tenant.routers.get())
    assert router["offering_external_ips"][-1] == (str(outside[8]) if single else str(outside))


@pytest.mark.parametrize(
    "mapping",
    [
        "10.0.0.0/24",
        [{"floating_ip": "10.0.0.1"}],
        [{"floating_ip": "10.0.0.1", "external_ip": "outside"}],
        {"10.0.0.0/24": "203.0.113.0/25"},
        {"10.0.0.1/24": "203.0.113.0/24"},
        {"fd00::/64": "fd01::/64"},
        ["10.0.0.1"],
        7,
    ],
)
def test_a_translation_that_makes_no_sense_is_refused(mapping: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_attributes({**CONNECTION, "ipv4_external_ip_mapping": mapping})
    detail: Any = caught.value.detail
    assert list(detail["service_attributes"]) == ["ipv4_external_ip_mapping"]
