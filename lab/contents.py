"""What is in a fresh cloud: the catalogue, and what an operator would have made for customers."""

from typing import Any

from lab.api import Api
from lab.cloud import SECRET, ZONES, Cloud

SERVICE_USERS = ("nova", "placement", "neutron", "cinder", "glance")
VOLUME_TYPES = ("ssd", "hdd")
FLAVORS = (  # name, vcpus, MiB of memory, GiB of disk
    ("m1.tiny", 1, 512, 1),
    ("m1.small", 1, 2048, 20),
    ("m1.medium", 2, 4096, 40),
    ("m1.large", 4, 8192, 80),
)
IMAGES = (  # name, GiB of disk, MiB of memory, KiB of data
    ("cirros", 1, 64, 64),
    ("ubuntu-24.04", 3, 512, 512),
)


def make_catalogue(cloud: Cloud) -> None:
    """Users, services and endpoints: what the services need before they can check a token."""
    api = Api(cloud)
    keystone = api.keystone
    project = api.post(f"{keystone}/projects", {"project": {"name": "service", "domain_id": "default"}})
    roles = {role["name"]: role["id"] for role in api.get(f"{keystone}/roles")["roles"]}
    for name in SERVICE_USERS:
        body = {"name": name, "password": SECRET, "domain_id": "default"}
        user = api.post(f"{keystone}/users", {"user": body})["user"]["id"]
        for role in ("admin", "service"):
            project_id = project["project"]["id"]
            api.put(f"{keystone}/projects/{project_id}/users/{user}/roles/{roles[role]}")
    for service_type, name, url in (
        ("compute", "nova", cloud.url("nova-api", "/v2.1")),
        ("placement", "placement", cloud.url("placement")),
        ("image", "glance", cloud.url("glance")),
        ("network", "neutron", cloud.url("neutron")),
        ("block-storage", "cinder", cloud.url("cinder-api", "/v3")),
        ("volumev3", "cinderv3", cloud.url("cinder-api", "/v3/$(project_id)s")),
    ):
        service = api.post(f"{keystone}/services", {"service": {"type": service_type, "name": name}})
        for interface in ("public", "internal", "admin"):
            endpoint = {
                "service_id": service["service"]["id"],
                "interface": interface,
                "url": url,
                "region_id": cloud.region,
            }
            api.post(f"{keystone}/endpoints", {"endpoint": endpoint})


def make_offer(cloud: Cloud) -> None:
    """Availability zones, flavors, volume types, images and the external network."""
    api = Api(cloud)
    _availability_zones(api, cloud)
    for name, vcpus, memory, disk in FLAVORS:
        flavor = {"name": name, "vcpus": vcpus, "ram": memory, "disk": disk}
        api.post(f"{api.nova}/flavors", {"flavor": flavor})
    for name in VOLUME_TYPES:
        specs = {"volume_backend_name": name}  # each of the driver's pools is called like its type
        api.post(f"{api.cinder}/types", {"volume_type": {"name": name, "extra_specs": specs}})
    for name, disk, memory, kibibytes in IMAGES:
        _image(api, name, kibibytes, {"min_disk": disk, "min_ram": memory})
    _external_network(api, cloud)


def _availability_zones(api: Api, cloud: Cloud) -> None:
    for zone, numbers in ZONES.items():
        body = {"aggregate": {"name": zone, "availability_zone": zone}}
        aggregate = api.post(f"{api.nova}/os-aggregates", body)["aggregate"]["id"]
        for number in numbers:
            action = {"add_host": {"host": cloud.compute_host(number)}}
            api.post(f"{api.nova}/os-aggregates/{aggregate}/action", action)


def _image(api: Api, name: str, kibibytes: int, needs: dict[str, int]) -> None:
    # Glance compares the data with the format it was told: bytes that are nothing else are raw.
    body: dict[str, Any] = {
        "name": name,
        "visibility": "public",
        "disk_format": "raw",
        "container_format": "bare",
        **needs,
    }
    image = api.post(f"{api.glance}/images", body)["id"]
    data = name.encode().ljust(32, b".") * 32 * kibibytes
    api.put(f"{api.glance}/images/{image}/file", data, "application/octet-stream")


def _external_network(api: Api, cloud: Cloud) -> None:
    network = {
        "name": "external",
        "router:external": True,
        "provider:network_type": "flat",
        "provider:physical_network": "public",
    }
    network_id = api.post(f"{api.neutron}/networks", {"network": network})["network"]["id"]
    subnet = {
        "name": "external",
        "network_id": network_id,
        "ip_version": 4,
        "cidr": cloud.external_cidr,
        "enable_dhcp": False,
    }
    api.post(f"{api.neutron}/subnets", {"subnet": subnet})
