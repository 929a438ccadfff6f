"""A machine as the marketplace wants it, and as OpenNebula has it."""

from __future__ import annotations

import uuid
from typing import Any

from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.markup import Thing
from waldur_site_agent_opennebula.wanted import Wanted

from .tenant import TEMPLATE

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGr anna@example.org"
KEY_ID = uuid.uuid5(uuid.NAMESPACE_DNS, "key")
GIGABYTES = {"vcpu": {"unit_factor": 1.0}, "vm_ram": {"unit_factor": 1024.0}, "vm_disk": {"unit_factor": 1024.0}}
SMALL = {"vcpu": 1, "vm_ram": 1, "vm_disk": 5}


def wanted(backend_id: str = "web", **changes: Any) -> Wanted:
    options = {"parent_vdc_backend_id": "blue", "template_id": TEMPLATE, **changes.pop("options", {})}
    given: dict[str, Any] = {
        "backend_id": backend_id,
        "resource": uuid.uuid5(uuid.NAMESPACE_DNS, backend_id).hex,
        "name": backend_id,
        "limits": {},
        "attributes": {},
        "options": options,
        "components": GIGABYTES,
        "plan_quotas": SMALL,
        "ssh_keys": {str(KEY_ID): KEY},
    }
    return Wanted(**{**given, **changes})


def machine(cloud: Cloud, backend_id: str = "web") -> Thing:
    cloud.pools.forget()
    vm = cloud.machines.find(backend_id)
    assert vm is not None
    return vm
