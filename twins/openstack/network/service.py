"""Neutron as a service of the twin."""

from dataclasses import replace

from ..service import Service
from . import misc, quotas, router_interfaces
from .floating_ips import FLOATING_IPS
from .networks import NETWORKS
from .ports import PORTS
from .rbac import POLICIES
from .routers import ROUTERS
from .security_group_rules import RULES
from .security_groups import GROUPS
from .subnets import SUBNETS

RESOURCES = (NETWORKS, SUBNETS, PORTS, ROUTERS, FLOATING_IPS, GROUPS, RULES, POLICIES)
VERSIONED = [
    *misc.EMPTY_ROUTES,
    *quotas.ROUTES,
    *router_interfaces.ROUTES,
    *(route for resource in RESOURCES for route in resource.routes()),
]

SERVICE = Service(
    "network", "/network", [*misc.ROUTES, *(replace(route, path="/v2.0" + route.path) for route in VERSIONED)]
)
