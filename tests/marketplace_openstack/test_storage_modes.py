"""Storage sold as a whole or by volume types, and tenants that follow when that changes."""

from typing import Any

import pytest

from tests.drive import drain
from tests.e2e.market import OFFERINGS, ORDERS, RESOURCES, Market
from tests.factories import client_of
from tests.marketplace_openstack.selling import by_type, components, limits_of, switch
from tests.marketplace_openstack.watching import quotas_in_the_cloud
from waldur_core.quotas import counters
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_mastermind.marketplace_openstack.tasks import follow_storage_modes
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import VolumeType

pytestmark = pytest.mark.slow

DYNAMIC = {
    "plugin_options": {"storage_mode": "dynamic"},
    "plans": [{"name": "Standard", "prices": {"cores": "5", "ram": "2"}}],
}


@pytest.fixture
def dynamic(market: Market) -> Market:
    market.publish(**DYNAMIC)
    return market


def add_type(market: Market, name: str) -> None:
    """Made in the cloud by its administrator."""
    Cloud.of(service_of(market)).block_storage.post("/types", {"volume_type": {"name": name}})


def service_of(market: Market) -> ServiceSettings:
    service: Any = Offering.objects.get(uuid=market.offering["uuid"]).scope
    return service


def test_the_components_are_the_volume_types_of_the_cloud(dynamic: Market) -> None:
    found = components(dynamic)
    assert set(found) == {"cores", "ram", "volume_type_ssd", "volume_type_hdd"}
    ssd = found["volume_type_ssd"]
    assert (ssd["name"], ssd["measured_unit"], ssd["unit_factor"]) == ("Storage (ssd)", "GB", 1024)
    assert (ssd["billing_type"], ssd["default_limit"], ssd["is_builtin"]) == ("limit", 0, True)


def test_a_tenant_gets_each_type_up_to_its_limit_and_no_further(dynamic: Market) -> None:
    limits = {"cores": 4, "ram": 8192, "volume_type_ssd": 5 * 1024, "gigabytes_hdd": 3}
    tenant = dynamic.build_tenant(limits=limits)
    assert limits_of(tenant)["volume_type_hdd"] == 3 * 1024
    told = by_type(tenant)
    assert (told["gigabytes_ssd"], told["gigabytes_hdd"]) == (5, 3)
    assert quotas_in_the_cloud(tenant) == (4, 8192, 8)
    ssd = dynamic.link("openstack-volume-types", VolumeType.objects.get(name="ssd"))
    dynamic.build_volume(tenant, size=4096, type=ssd)
    offering = dynamic.private_offering(tenant, "Volume")["url"]
    body = {"offering": offering, "project": dynamic.link("projects", dynamic.project)}
    body["attributes"] = {"name": "too large", "size": 2048, "type": ssd}
    refused = dynamic.post(dynamic.owner, ORDERS, body)
    assert refused.status_code == 400
    assert "gigabytes_ssd" in refused.content.decode()
    assert counters.quotas_of(tenant).get(name="gigabytes_ssd").usage == 4


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"cores": 4, "ram": 8192, "storage": 102400, "volume_type_ssd": 1024}, "no component storage"),
        ({"cores": 4, "ram": 8192}, "at least one volume type"),
        ({"cores": 4, "ram": 8192, "volume_type_ssd": 100}, "at least one volume type"),
        ({"cores": 4, "ram": 8192, "volume_type_ssd": 1024, "gigabytes_ssd": 1}, "both given"),
        ({"cores": 4, "ram": 8192, "gigabytes_tape": 5}, "no component volume_type_tape"),
    ],
)
def test_limits_that_make_no_sense_are_refused(dynamic: Market, limits: dict[str, int], word: str) -> None:
    answer = dynamic.post(dynamic.owner, ORDERS, dynamic.tenant_order(limits=limits))
    assert answer.status_code == 400
    assert word in str(answer.json()["limits"])
    assert not Order.objects.exists()


def test_types_are_no_limits_where_storage_is_sold_as_a_whole(open_market: Market) -> None:
    limits = {"cores": 4, "ram": 8192, "storage": 102400, "gigabytes_ssd": 5}
    answer = open_market.post(open_market.owner, ORDERS, open_market.tenant_order(limits=limits))
    assert (answer.status_code, list(answer.json())) == (400, ["limits"])


def test_limits_of_types_change_by_order(dynamic: Market) -> None:
    tenant = dynamic.build_tenant(limits={"cores": 4, "ram": 8192, "volume_type_ssd": 2048})
    path = f"{RESOURCES}{Resource.objects.get(scope_uuid=tenant.uuid).uuid.hex}/update_limits/"
    made = dynamic.done(dynamic.post(dynamic.owner, path, {"limits": {"gigabytes_hdd": 10}}), 200)
    dynamic.executed(Order.objects.get(uuid=made["order_uuid"]))
    told = by_type(tenant)
    assert (told["gigabytes_ssd"], told["gigabytes_hdd"]) == (2, 10)
    assert quotas_in_the_cloud(tenant)[2] == 12


def test_prices_and_amounts_of_plans_know_both_words(dynamic: Market) -> None:
    plan = Offering.objects.get(uuid=dynamic.offering["uuid"]).plans.get()
    path = f"/api/marketplace-plans/{plan.uuid.hex}/"
    client = client_of(dynamic.provider_owner)
    told = client.post(f"{path}update_prices/", {"prices": {"gigabytes_ssd": "0.5", "volume_type_hdd": "0.1"}}).json()
    assert (told["prices"]["volume_type_ssd"], told["prices"]["volume_type_hdd"]) == ("0.5000000000", "0.1000000000")
    told = client.post(f"{path}update_quotas/", {"quotas": {"gigabytes_ssd": 2}}).json()
    assert told["quotas"]["volume_type_ssd"] == 2048


def test_types_that_come_and_go_in_the_cloud_are_components_that_come_and_go(dynamic: Market) -> None:
    tenant = dynamic.build_tenant(limits={"cores": 4, "ram": 8192, "volume_type_ssd": 2048})
    add_type(dynamic, "nvme")
    pull = f"/api/openstack-tenants/{tenant.uuid.hex}/pull_volume_types/"
    assert client_of(dynamic.owner).post(pull).status_code == 202
    drain()
    assert components(dynamic)["volume_type_nvme"]["default_limit"] == 0
    follow_storage_modes()  # while it was being pulled the tenant was busy
    drain()
    assert limits_of(tenant)["volume_type_nvme"] == 0
    assert by_type(tenant)["gigabytes_nvme"] == 0
    Cloud.of(tenant.service_settings).block_storage.delete(f"/types/{VolumeType.objects.get(name='nvme').backend_id}")
    assert client_of(dynamic.owner).post(pull).status_code == 202
    drain()
    follow_storage_modes()
    drain()
    follow_storage_modes()
    assert "volume_type_nvme" not in components(dynamic)
    assert "volume_type_nvme" not in limits_of(tenant)


def test_types_that_the_provider_hides_are_not_sold(dynamic: Market) -> None:
    switch(dynamic, "dynamic", volume_type_blacklist=["hdd"])
    assert "volume_type_hdd" not in components(dynamic)
    assert "volume_type_ssd" in components(dynamic)


def test_an_unknown_mode_is_refused(open_market: Market) -> None:
    path = f"{OFFERINGS}{open_market.offering['uuid']}/update_integration/"
    answer = client_of(open_market.provider_owner).post(path, {"plugin_options": {"storage_mode": "both"}})
    assert (answer.status_code, answer.json()) == (
        400,
        {"plugin_options": {"storage_mode": ["Give fixed or dynamic."]}},
    )
