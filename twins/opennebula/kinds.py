"""The kinds of objects, and the four names OpenNebula has for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``label`` is the word of error messages, ``acl`` that of rules, ``taken`` that of taken names."""

    name: str
    element: str
    label: str
    acl: str
    taken: str = ""
    first_id: int = 0
    pool: str = ""

    @property
    def pool_element(self) -> str:
        return self.pool or f"{self.element}_POOL"


GROUP = Kind("groups", "GROUP", "group", "GROUP", "GROUP", 100)
USER = Kind("users", "USER", "user", "USER", "USER")
VDC = Kind("vdcs", "VDC", "VDC", "VDC", "Vdc", 100)
ZONE = Kind("zones", "ZONE", "zone", "ZONE", "ZONE", 100)
CLUSTER = Kind("clusters", "CLUSTER", "cluster", "CLUSTER", "CLUSTER", 100)
HOST = Kind("hosts", "HOST", "host", "HOST", "HOST")
DATASTORE = Kind("datastores", "DATASTORE", "datastore", "DATASTORE", "DATASTORE", 100)
IMAGE = Kind("images", "IMAGE", "image", "IMAGE", "IMAGE")
VNET = Kind("vnets", "VNET", "virtual network", "NET", "NET")
SECURITY_GROUP = Kind("security_groups", "SECURITY_GROUP", "security group", "SECGROUP", "SecurityGroup", 100)
VM_TEMPLATE = Kind("templates", "VMTEMPLATE", "virtual machine template", "TEMPLATE", "TEMPLATE")
VIRTUAL_ROUTER = Kind("virtual_routers", "VROUTER", "virtual router", "VROUTER")
VM = Kind("vms", "VM", "virtual machine", "VM")

KINDS = (
    *(GROUP, USER, VDC, ZONE, CLUSTER, HOST, DATASTORE),
    *(IMAGE, VNET, SECURITY_GROUP, VM_TEMPLATE, VIRTUAL_ROUTER, VM),
)
