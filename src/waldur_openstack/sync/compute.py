"""Nova's objects: their columns, and how they are pulled."""

from collections.abc import Iterator
from typing import Any

from django.utils.dateparse import parse_datetime

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import marked, unmarked
from waldur_openstack.models import Instance, InstanceAvailabilityZone, ServerGroup
from waldur_openstack.quotas import MIB_PER_GIB
from waldur_openstack.sync.kinds import Columns, Everywhere, Kind, Relation


def server_columns(found: JSON) -> Columns:
    started = found.get("OS-SRV-USG:launched_at")
    return {
        "runtime_state": found["status"],
        "start_time": parse_datetime(started + "+00:00") if started else None,
        "hypervisor_hostname": found.get("OS-EXT-SRV-ATTR:hypervisor_hostname") or "",
        "key_name": found.get("key_name") or "",
    }


def flavor_columns(found: JSON) -> Columns:
    return {
        "name": found["name"],
        "cores": found["vcpus"],
        "ram": found["ram"],
        "disk": found["disk"] * MIB_PER_GIB,
        "is_public": found.get("os-flavor-access:is_public", True),
    }


def zone_columns(found: JSON) -> Columns:
    """Of Nova or Cinder; a zone has no id but its name."""
    return {"name": found["zoneName"], "available": found["zoneState"]["available"]}


def flavor_of_server(found: JSON) -> Columns:
    """The size of a server as it stands in the server itself (2.47); older clouds only tell the id."""
    flavor = found.get("flavor", {})
    if "original_name" not in flavor:
        return {}
    return {
        "flavor_name": flavor["original_name"],
        "cores": flavor["vcpus"],
        "ram": flavor["ram"],
        "flavor_disk": flavor["disk"] * MIB_PER_GIB,
    }


def all_server_columns(found: JSON) -> Columns:
    return {
        **server_columns(found),
        **flavor_of_server(found),
        "name": found["name"],
        "description": found.get("description") or "",
        "metadata": unmarked(found["metadata"]),
    }


def server_trouble(found: JSON) -> str:
    if found["status"] != "ERROR":
        return ""
    reason = found.get("fault", {}).get("message", "no reason was given")
    return f"The cloud reports the server in state ERROR: {reason}"


def server_group_columns(found: JSON) -> Columns:
    return {"name": found["name"], "policy": found.get("policy") or next(iter(found.get("policies", ())), "")}


def nothing_more(_: Any, __: JSON) -> Columns:
    return {}


def server_usage(found: JSON) -> Columns:
    flavor = flavor_of_server(found)
    return {"instances": 1, "vcpu": flavor["cores"], "ram": flavor["ram"]} if flavor else {}


def all_server_groups(cloud: Cloud) -> Iterator[list[JSON]]:
    """As one page in the order of ids: Nova can neither sort them nor say which have changed."""
    yield sorted(cloud.compute.server_groups(everywhere=True), key=lambda found: str(found["id"]))


INSTANCE = Kind(
    model=Instance,
    word="instance",
    listing=lambda cloud, _: cloud.compute.servers(),
    everywhere=Everywhere(
        service="compute",
        pages=lambda cloud: cloud.compute.server_pages(),
        ids=lambda cloud: cloud.compute.server_ids(),
        changed=lambda cloud, since: cloud.compute.server_pages(since),
        is_deleted=lambda found: found["status"] == "DELETED",
    ),
    owner=lambda found: found["tenant_id"],
    usage=server_usage,
    show=lambda cloud, server_id: cloud.compute.server(server_id),
    columns=all_server_columns,
    compared=nothing_more,
    relations=(
        Relation(
            column="availability_zone",
            model=InstanceAvailabilityZone,
            backend_id=lambda found: found.get("OS-EXT-AZ:availability_zone"),
            key="name",
            stays=True,
        ),
    ),
    sub_resource=False,
    gone_columns={"runtime_state": "DELETED"},
    trouble=server_trouble,
    mark=lambda found: marked(found["metadata"]),
    is_marked=True,
)
SERVER_GROUP = Kind(
    model=ServerGroup,
    word="server_group",
    listing=lambda cloud, _: cloud.compute.server_groups(),
    everywhere=Everywhere(service="compute", pages=all_server_groups),
    show=lambda cloud, group_id: cloud.compute.server_group(group_id),
    columns=server_group_columns,
    compared=nothing_more,
)
