"""Building a server again from a backup."""

from waldur_core.operations.workflow import Step
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.create import CreateInstance


def bootable_volumes(context: InstanceContext) -> list[tuple[str, str]]:
    return context.new(context.subject.volumes.filter(bootable=True))


# a volume is bootable when its source is at that moment, which need not be what the source was when it was copied
MAKE_BOOTABLE = Step(
    name="Make volume bootable",
    each=bootable_volumes,
    do=lambda c: c.cloud.block_storage.set_bootable(c.volume.backend_id, True),
    keeps="goes with the volume",
)


KEY_STEPS = ("Push SSH key", "Remove SSH key")  # the key is on the disk already


def with_old_disks(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps without those of keys, and with one more once the volumes are there."""
    kept = [step for step in steps if step.name not in KEY_STEPS]
    position = [step.name for step in kept].index("Wait for volume") + 1
    return (*kept[:position], MAKE_BOOTABLE, *kept[position:])


class RestoreBackup(CreateInstance):
    """As a new server, but its volumes come from snapshots."""

    name = "openstack.backup.restore"
    title = "Restoration of backup"
    event = "resource_backup_restoration"
    steps = with_old_disks(CreateInstance.steps)
