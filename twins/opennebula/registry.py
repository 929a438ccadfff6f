"""All methods: importing the modules that register them."""

from __future__ import annotations

from . import common
from .access import acls, groups, users, vdcs
from .calls import METHODS, Method
from .infrastructure import clusters, datastores, hosts, images, system
from .network import leases, security_groups, virtual_routers, vnets
from .vm import actions, capacity, devices, scheduler, view, vm_templates

MODULES = (
    *(common, acls, groups, users, vdcs, clusters, datastores, hosts, images, system),
    *(leases, security_groups, virtual_routers, vnets),
    *(actions, capacity, devices, scheduler, view, vm_templates),
)


def find_method(name: str) -> Method | None:
    return METHODS.get(name)
