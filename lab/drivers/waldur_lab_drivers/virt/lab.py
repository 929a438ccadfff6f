"""Nova virt driver of the lab: upstream's fake hypervisor, which here remembers its guests.

Upstream's fake driver invents a new node uuid per process, forgets its guests when nova-compute
restarts (stop and delete then misbehave) and uploads nothing for a snapshot.
"""
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

from nova import context as nova_context
from nova import exception, objects
from nova.compute import power_state, task_states
from nova.image import glance
from nova.virt import fake

PRESENT = (power_state.RUNNING, power_state.SHUTDOWN, power_state.PAUSED, power_state.SUSPENDED)


class LabDriver(fake.FakeDriverWithoutFakeNodes):
    def init_host(self, host: str) -> None:
        """Take up the guests that Nova has recorded here, in their recorded power state."""
        super().init_host(host)
        for instance in objects.InstanceList.get_by_host(nova_context.get_admin_context(), host):
            if instance.power_state in PRESENT:
                self.instances[instance.uuid] = fake.FakeInstance(instance.name, instance.power_state, instance.uuid)
                for vif in instance.get_network_info() or []:
                    self._interfaces[vif["id"]] = vif

    def pause(self, instance: objects.Instance) -> None:
        self.instances[instance.uuid].state = power_state.PAUSED

    def unpause(self, instance: objects.Instance) -> None:
        self.instances[instance.uuid].state = power_state.RUNNING

    def suspend(self, context: nova_context.RequestContext, instance: objects.Instance) -> None:
        self.instances[instance.uuid].state = power_state.SUSPENDED

    def resume(
        self,
        context: nova_context.RequestContext,
        instance: objects.Instance,
        network_info: Any,
        block_device_info: dict[str, Any] | None = None,
        share_info: Any = None,
    ) -> None:
        self.instances[instance.uuid].state = power_state.RUNNING

    def snapshot(
        self,
        context: nova_context.RequestContext,
        instance: objects.Instance,
        image_id: str,
        update_task_state: Callable[..., None],
    ) -> None:
        """Upload 128 KiB that differ from guest to guest, so that the image becomes active."""
        if instance.uuid not in self.instances:
            raise exception.InstanceNotRunning(instance_id=instance.uuid)
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        update_task_state(task_state=task_states.IMAGE_UPLOADING, expected_state=task_states.IMAGE_PENDING_UPLOAD)
        images = glance.API()
        metadata = images.get(context, image_id)
        metadata.update(disk_format="raw", container_format="bare", status="active")
        data = io.BytesIO(hashlib.sha256(instance.uuid.encode()).digest() * 4096)
        images.update(context, image_id, metadata, data=data, purge_props=False)
