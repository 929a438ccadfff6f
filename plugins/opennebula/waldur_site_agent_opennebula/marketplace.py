"""What the agent does not hand over or pass on, said to the marketplace with the agent's own client."""

from __future__ import annotations

import inspect
from typing import Any
from uuid import UUID

from waldur_api_client.api.marketplace_plans import marketplace_plans_retrieve
from waldur_api_client.api.marketplace_provider_offerings import marketplace_provider_offerings_retrieve
from waldur_api_client.api.marketplace_provider_resources import (
    marketplace_provider_resources_retrieve,
    marketplace_provider_resources_set_endpoints,
    marketplace_provider_resources_set_limits,
)
from waldur_api_client.api.marketplace_service_providers import marketplace_service_providers_keys_list
from waldur_api_client.models import (
    MergedPluginOptions,
    ResourceEndpointsRequest,
    ResourceFieldEnum,
    ResourceSetLimitsRequest,
)

from . import units
from .wanted import plain

PLUGIN_OPTIONS = frozenset(inspect.signature(MergedPluginOptions).parameters)  # those that it knows itself


def components_of(order: Any, client: Any) -> dict[str, dict[str, Any]]:
    """Those of the offering that an order is for."""
    offering = marketplace_provider_offerings_retrieve.sync(uuid=order.offering_uuid, client=client)
    return units.from_offering(offering.components or [])


def plan_and_keys(order: Any, provider_uuid: str, client: Any) -> dict[str, Any]:
    """What the agent adds to an order that creates, and leaves out of one that restores."""
    plan = marketplace_plans_retrieve.sync(uuid=order.plan_uuid, client=client) if order.plan_uuid else None
    keys = marketplace_service_providers_keys_list.sync(service_provider_uuid=UUID(provider_uuid), client=client)
    return {
        "plan_quotas": {name: value for name, value in plain(plan and plan.quotas).items() if value},
        "ssh_keys": {str(key.uuid): key.public_key for key in keys or []},
    }


def tell_limits(resource: Any, limits: dict[str, int], client: Any) -> None:
    body = ResourceSetLimitsRequest.from_dict({"limits": limits})
    marketplace_provider_resources_set_limits.sync(uuid=resource.uuid, client=client, body=body)


def endpoints_of(resource: Any, client: Any) -> list[dict[str, str]]:
    """Those that the marketplace knows; the agent does not ask for them with the rest of the resource."""
    known = marketplace_provider_resources_retrieve.sync(
        uuid=resource.uuid, client=client, field=[ResourceFieldEnum.ENDPOINTS]
    )
    return [{"name": str(each.name), "url": str(each.url)} for each in known.endpoints or []]


def tell_endpoints(resource: Any, endpoints: list[dict[str, str]], client: Any) -> None:
    body = ResourceEndpointsRequest.from_dict({"endpoints": endpoints})
    marketplace_provider_resources_set_endpoints.sync(uuid=resource.uuid, client=client, body=body)
