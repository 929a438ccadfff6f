"""The published client, unmodified, against a real server on a real port: it reads every answer."""

from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from pytest_django.live_server_helper import LiveServer
from waldur_api_client import AuthenticatedClient
from waldur_api_client import api as client_api
from waldur_api_client.api.marketplace_orders import marketplace_orders_create, marketplace_orders_retrieve
from waldur_api_client.api.marketplace_public_offerings import marketplace_public_offerings_list
from waldur_api_client.api.marketplace_resources import (
    marketplace_resources_details_retrieve,
    marketplace_resources_terminate,
    marketplace_resources_update_limits,
)
from waldur_api_client.api.openstack_instances import (
    openstack_instances_console_retrieve,
    openstack_instances_restart,
    openstack_instances_start,
    openstack_instances_stop,
)
from waldur_api_client.models.order_create_request import OrderCreateRequest
from waldur_api_client.models.resource_terminate_request import ResourceTerminateRequest
from waldur_api_client.models.resource_update_limits_request import ResourceUpdateLimitsRequest

from tests.audit.clean import assert_in_step
from tests.drive import drain
from tests.e2e.estate import Estate
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.structure.models import AuthToken

OPENSTACK = (
    "openstack_tenants", "openstack_instances", "openstack_volumes", "openstack_networks", "openstack_subnets",
    "openstack_routers", "openstack_ports", "openstack_floating_ips", "openstack_security_groups",
    "openstack_server_groups", "openstack_flavors", "openstack_images", "openstack_volume_types",
    "openstack_instance_availability_zones", "openstack_volume_availability_zones",
)  # fmt: skip
MARKETPLACE = (
    "marketplace_categories", "marketplace_public_offerings", "marketplace_provider_offerings", "marketplace_orders",
    "marketplace_resources", "marketplace_provider_resources", "marketplace_plans", "service_settings", "customers",
    "projects", "users", "keys", "events",
)  # fmt: skip


@pytest.fixture
def served(transactional_db: None, live_server: LiveServer, twin: TwinClient, running_twin: OpenStackTwin) -> Estate:
    """A customer's estate, and what the client needs to reach it."""
    estate = Estate(running_twin)
    estate.build()
    estate.url = live_server.url
    return estate


def client_for(estate: Estate, who: str) -> AuthenticatedClient:
    token = AuthToken.objects.issue(getattr(estate, who)).key
    return AuthenticatedClient(base_url=estate.url, token=token, prefix="Token")


def function(section: str, name: str) -> ModuleType:
    """The client's module for one call."""
    return __import__(f"{client_api.__name__}.{section}.{name}", fromlist=["sync"])


def same(link: str, estate: Estate) -> str:
    return link.replace("http://testserver", estate.url)


@pytest.mark.parametrize(
    "who", [pytest.param(who, marks=pytest.mark.slow) for who in ("owner", "member", "provider_owner", "staff")]
)
def test_every_list_and_every_object_is_read(served: Estate, who: str) -> None:
    client, read = client_for(served, who), 0
    for section in (*OPENSTACK, *MARKETPLACE):
        rows = function(section, f"{section}_list").sync(client=client, page_size=100) or []
        assert function(section, f"{section}_count").sync(client=client) == len(rows)
        for row in rows[:1]:
            assert function(section, f"{section}_retrieve").sync(row.uuid, client=client).uuid == row.uuid
            read += 1
    assert read > (8 if who == "provider_owner" else 20)


@pytest.mark.slow
def test_a_server_is_ordered_used_and_given_back(served: Estate) -> None:
    client = client_for(served, "owner")
    (offering,) = marketplace_public_offerings_list.sync(
        client=client, scope_uuid=served.tenant.uuid.hex, type_=["OpenStack.Instance"]
    )
    attributes = {
        key: same(value, served) if isinstance(value, str) else value
        for key, value in served.server_attributes(served.tenant, name="second").items()
    }
    body = {"offering": offering.url, "project": same(served.link("projects", served.project), served)}
    request = OrderCreateRequest.from_dict({**body, "attributes": attributes})
    order = marketplace_orders_create.sync(client=client, body=request)
    assert marketplace_orders_retrieve.sync(order.uuid, client=client).state.value == "executing"
    drain()
    done = marketplace_orders_retrieve.sync(order.uuid, client=client)
    assert done.state.value == "done"
    use(client, done.resource_uuid)
    details = marketplace_resources_details_retrieve.sync(done.marketplace_resource_uuid, client=client)
    assert details.additional_properties["runtime_state"] == "ACTIVE"
    ending = ResourceTerminateRequest.from_dict({"attributes": {"action": "force_destroy"}})
    placed = marketplace_resources_terminate.sync(done.marketplace_resource_uuid, client=client, body=ending)
    drain()
    assert marketplace_orders_retrieve.sync(placed.order_uuid, client=client).state.value == "done"
    assert_in_step()


def use(client: AuthenticatedClient, server: UUID) -> None:
    for power in (openstack_instances_stop, openstack_instances_start, openstack_instances_restart):
        assert power.sync(server, client=client).status
        drain()
    assert openstack_instances_console_retrieve.sync(server, client=client).url.startswith("http")


@pytest.mark.slow
def test_limits_are_changed(served: Estate) -> None:
    client = client_for(served, "owner")
    body: Any = ResourceUpdateLimitsRequest.from_dict({"limits": {"cores": 12}})
    resource = served.resource_of(served.tenant)
    placed = marketplace_resources_update_limits.sync(resource.uuid, client=client, body=body)
    drain()
    assert marketplace_orders_retrieve.sync(placed.order_uuid, client=client).state.value == "done"
