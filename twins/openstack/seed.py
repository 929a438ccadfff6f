"""What a fresh cloud holds: one project, one admin, flavors, types, images and an external network."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING

from .state import Obj, new_hex, new_id

if TYPE_CHECKING:
    from .cloud import Cloud

ROLES = ("admin", "manager", "member", "reader", "service")
FLAVORS = (
    ("m1.tiny", 1, 512, 1),
    ("m1.small", 1, 2048, 20),
    ("m1.medium", 2, 4096, 40),
    ("m1.large", 4, 8192, 80),
)
VOLUME_TYPES = ("ssd", "hdd")
IMAGES = (("cirros", 64, 1), ("ubuntu-24.04", 512, 3))
ZONES = ("nova", "az2")


def plant(cloud: Cloud) -> None:
    """Fill an empty state with the seed contents."""
    project_id = plant_identity(cloud)
    for name, vcpus, ram, disk in FLAVORS:
        cloud.state.add("flavors", flavor(name, vcpus, ram, disk))
    for name in VOLUME_TYPES:
        cloud.state.add("volume_types", volume_type(name))
    for name, min_ram, min_disk in IMAGES:
        plant_image(cloud, name, min_ram, min_disk, project_id)
    plant_external_network(cloud, project_id)


def plant_identity(cloud: Cloud) -> str:
    """The Default domain, the project and user ``admin``, and the roles; returns the project's id."""
    state = cloud.state
    state.add(
        "domains",
        {
            "id": "default",
            "name": "Default",
            "description": "The default domain",
            "enabled": True,
            "tags": [],
            "options": {},
        },
    )
    for name in ROLES:
        state.add(
            "roles",
            {
                "id": new_hex(),
                "name": name,
                "domain_id": None,
                "description": None,
                "options": {"immutable": True},
            },
        )
    project = state.add(
        "projects",
        {
            "id": new_hex(),
            "name": "admin",
            "domain_id": "default",
            "description": "Bootstrap project for initializing the cloud.",
            "enabled": True,
            "parent_id": "default",
            "is_domain": False,
            "tags": [],
            "options": {},
        },
    )
    user = state.add(
        "users",
        {
            "id": new_hex(),
            "name": "admin",
            "domain_id": "default",
            "enabled": True,
            "default_project_id": None,
            "password_expires_at": None,
            "options": {},
            "password": cloud.settings.admin_password,
        },
    )
    role = state.find("roles", name="admin") or {}
    state.add(
        "assignments",
        {
            "id": f"{project['id']}/{user['id']}/{role['id']}",
            "project_id": project["id"],
            "user_id": user["id"],
            "role_id": role["id"],
        },
    )
    return str(project["id"])


def flavor(name: str, vcpus: int, ram: int, disk: int) -> Obj:
    """``ram`` in MiB, ``disk`` in GiB."""
    return {
        "id": new_id(),
        "name": name,
        "vcpus": vcpus,
        "ram": ram,
        "disk": disk,
        "swap": 0,
        "ephemeral": 0,
        "rxtx_factor": 1.0,
        "is_public": True,
        "disabled": False,
        "description": None,
        "extra_specs": {},
        "access": [],
    }


def volume_type(name: str) -> Obj:
    return {
        "id": new_id(),
        "name": name,
        "description": None,
        "is_public": True,
        "extra_specs": {"volume_backend_name": name},
        "access": [],
    }


def plant_image(cloud: Cloud, name: str, min_ram: int, min_disk: int, owner: str) -> None:
    """A small public image with real bytes, so that size and checksums are true."""
    data = (f"{name}\n" * 1024).encode()
    stamp = cloud.clock.stamp()
    image = cloud.state.add(
        "images",
        {
            "id": new_id(),
            "name": name,
            "status": "active",
            "visibility": "public",
            "owner": owner,
            "disk_format": "raw",
            "container_format": "bare",
            "min_ram": min_ram,
            "min_disk": min_disk,
            "size": len(data),
            "virtual_size": len(data),
            "checksum": hashlib.md5(data).hexdigest(),
            "os_hash_algo": "sha512",
            "os_hash_value": hashlib.sha512(data).hexdigest(),
            "os_hidden": False,
            "protected": False,
            "tags": [],
            "created_at": stamp,
            "updated_at": stamp,
            "properties": {},
            "members": {},
        },
    )
    cloud.image_file(image["id"]).write_bytes(data)


def plant_external_network(cloud: Cloud, project_id: str) -> None:
    """The network ``external`` with one subnet without DHCP, whose addresses become floating IPs."""
    stamp = cloud.clock.stamp()
    range_ = ipaddress.ip_network(cloud.settings.external_cidr)
    common = {
        "name": "external",
        "project_id": project_id,
        "description": "",
        "tags": [],
        "created_at": stamp,
        "updated_at": stamp,
    }
    network = cloud.state.add(
        "networks",
        {
            **common,
            "id": new_id(),
            "admin_state_up": True,
            "mtu": 1500,
            "status": "ACTIVE",
            "shared": False,
            "port_security_enabled": True,
            "router:external": True,
            "availability_zone_hints": [],
            "is_default": True,
            "vlan_transparent": False,
            "qinq": False,
            "revision_number": 2,
            "provider:network_type": "flat",
            "provider:physical_network": "public",
            "provider:segmentation_id": None,
        },
    )
    cloud.state.add("rbac_policies", external_policy(network))
    cloud.state.add(
        "subnets",
        {
            **common,
            "id": new_id(),
            "network_id": network["id"],
            "ip_version": range_.version,
            "cidr": str(range_),
            "gateway_ip": str(range_[1]),
            "enable_dhcp": False,
            "subnetpool_id": None,
            "ipv6_ra_mode": None,
            "ipv6_address_mode": None,
            "host_routes": [],
            "dns_nameservers": [],
            "service_types": [],
            "revision_number": 0,
            "allocation_pools": [{"start": str(range_[2]), "end": str(range_[-2])}],
        },
    )


def external_policy(network: Obj) -> Obj:
    """What Neutron makes with every external network: all projects may go out by it."""
    return {
        "id": new_id(),
        "project_id": network["project_id"],
        "object_type": "network",
        "object_id": network["id"],
        "action": "access_as_external",
        "target_tenant": "*",
    }
