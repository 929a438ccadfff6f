"""Deleting servers: how it is asked for, and when it is refused."""

from typing import Any

from rest_framework import serializers

from waldur_core.operations.start import start
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.copies.conditions import require_no_copies
from waldur_openstack.models import Instance
from waldur_openstack.workflows.compute import DeleteInstance


class InstanceDeleteSerializer(serializers.Serializer[Any]):
    """How to delete a server (seed: Instance Deletion). `force_destroy` takes any state and every volume."""

    action = serializers.ChoiceField(choices=["destroy", "force_destroy"], default="destroy")
    force = serializers.BooleanField(default=False)
    delete_volumes = serializers.BooleanField(required=False)
    release_floating_ips = serializers.BooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["force"] = attrs["force"] or attrs["action"] == "force_destroy"
        # seed: `destroy`, when said, keeps the volumes; nobody said anything: they go
        keeps = self.initial_data.get("action") == "destroy" and not attrs["force"]
        attrs.setdefault("delete_volumes", not keeps)
        return attrs


def require_instance_deletable(instance: Instance, *, force: bool) -> None:
    """409 unless OK and SHUTOFF, or ERRED; with `force` any runtime state. Never with backups or snapshots."""
    if instance.state not in (CoreState.OK, CoreState.ERRED):
        raise Conflict(f"The instance is {instance.state}; only one that is OK or ERRED can be deleted.")
    if instance.state == CoreState.OK and instance.runtime_state != "SHUTOFF" and not force:
        raise Conflict(f"The instance is {instance.runtime_state}. Stop it first, or use force_destroy.")
    require_no_copies(instance)


def delete_instance(instance: Instance, user: Any, options: dict[str, Any]) -> Any:
    """Start the deletion of a server with validated options (InstanceDeleteSerializer)."""
    require_instance_deletable(instance, force=options["force"])
    parameters = {key: options[key] for key in ("delete_volumes", "release_floating_ips")}
    return start(DeleteInstance, instance, user=user, parameters=parameters)
