"""What an offering sells of storage, and what its tenants may use of it."""

from typing import Any

from tests.e2e.market import OFFERINGS, PUBLIC, Market
from tests.factories import client_of
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant


def components(market: Market, offering: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    uuid = (offering or market.offering)["uuid"]
    return {item["type"]: item for item in market.get(market.owner, f"{PUBLIC}{uuid}/")["components"]}


def by_type(tenant: Tenant) -> dict[str, int]:
    """The limits of volume types in the cloud, GiB."""
    answer = Cloud.of(tenant.service_settings).block_storage.quotas(tenant.backend_id)
    return {name: value["limit"] for name, value in answer.items() if name.startswith("gigabytes_")}


def limits_of(tenant: Tenant) -> dict[str, int]:
    return dict(Resource.objects.get(scope_uuid=tenant.uuid).limits)


def switch(market: Market, mode: str, **service_attributes: Any) -> None:
    body = {"plugin_options": {"storage_mode": mode}, "service_attributes": service_attributes}
    path = f"{OFFERINGS}{market.offering['uuid']}/update_integration/"
    assert client_of(market.provider_owner).post(path, body).status_code == 200
