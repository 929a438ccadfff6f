"""The body of Nova's "create server" for one of our instances."""

import base64
from typing import Any

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance
from waldur_openstack.workflows.context import metadata_mark


def server_body(instance: Instance, parameters: dict[str, Any], key_name: str) -> tuple[JSON, JSON | None]:
    """(server, scheduler hints). `parameters` holds the flavor's id; volumes and ports exist already."""
    zone = instance.availability_zone
    options: JSON = {
        "key_name": key_name,
        "user_data": base64.b64encode(instance.user_data.encode()).decode() if instance.user_data else None,
        "availability_zone": zone.name if zone else instance.tenant.availability_zone,
        "config_drive": instance.config_drive,
        "description": instance.description,
    }
    server = {
        "name": instance.name,
        "flavorRef": parameters["flavor"],
        "metadata": {**instance.metadata, **metadata_mark(instance)},
        "networks": [{"port": port.backend_id} for port in instance.ports.order_by("pk")],
        "block_device_mapping_v2": _devices(instance),
        **{key: value for key, value in options.items() if value not in (None, "")},
    }
    group = instance.server_group
    return server, {"group": group.backend_id} if group else None


def _devices(instance: Instance) -> list[JSON]:
    """The volumes, the bootable one first; those created with the server go with it."""
    return [
        {
            "uuid": volume.backend_id,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": 0 if index == 0 else -1,
            "delete_on_termination": True,
        }
        for index, volume in enumerate(instance.volumes.order_by("-bootable", "pk"))
    ]
