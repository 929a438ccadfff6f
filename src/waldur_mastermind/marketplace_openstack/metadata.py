"""What a resource says about its scope: `backend_id` and `backend_metadata` (states-and-flows §10)."""

from typing import Any

from waldur_mastermind.marketplace.models import Resource
from waldur_openstack.models import Instance, Tenant, Volume


def refresh_metadata(resource: Resource, scope: Any) -> None:
    """Write the metadata when it has changed."""
    values = described(scope)
    if any(getattr(resource, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(resource, name, value)
        resource.save(update_fields=[*values, "modified"])


def described(scope: Any) -> dict[str, Any]:
    """The columns of a resource that tell of its scope."""
    metadata = {"state": scope.state, **_DESCRIBE[type(scope)](scope)}
    return {"name": scope.name, "backend_id": scope.backend_id, "backend_metadata": metadata}


def _instance(instance: Instance) -> dict[str, Any]:
    return {
        "runtime_state": instance.runtime_state,
        "action": instance.action,
        "action_details": instance.action_details,
        "system_volume_image_name": instance.image_name,
        "internal_ips": instance.internal_ips,
        "external_ips": instance.external_ips,
        "hypervisor_hostname": instance.hypervisor_hostname,
    }


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "runtime_state": volume.runtime_state,
        "action": volume.action,
        "action_details": volume.action_details,
        "size": volume.size,
        "instance_uuid": volume.instance.uuid.hex if volume.instance else None,
        "instance_name": volume.instance.name if volume.instance else None,
        "type_name": volume.type.name if volume.type else None,
    }


_DESCRIBE: dict[type, Any] = {Tenant: lambda tenant: {}, Instance: _instance, Volume: _volume}
