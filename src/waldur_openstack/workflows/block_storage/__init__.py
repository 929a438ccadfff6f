"""Volumes, their snapshots, and backups of servers. One file per concern."""

from waldur_openstack.workflows.block_storage.attachments import AttachVolume, DetachVolume
from waldur_openstack.workflows.block_storage.backups import CreateBackup, DeleteBackup
from waldur_openstack.workflows.block_storage.extend import ExtendAttachedVolume, ExtendVolume
from waldur_openstack.workflows.block_storage.retype import RetypeVolume
from waldur_openstack.workflows.block_storage.snapshots import CreateSnapshot, DeleteSnapshot
from waldur_openstack.workflows.block_storage.updates import UpdateSnapshot, UpdateVolume
from waldur_openstack.workflows.block_storage.volumes import (
    CreateVolume,
    DeleteVolume,
    VolumeContext,
    VolumeFailed,
    create_volume,
    delete_volume,
    find_volume,
    record_volume,
    undo_volume,
    volume_is_gone,
    volume_is_ready,
)

__all__ = [
    "AttachVolume",
    "CreateBackup",
    "CreateSnapshot",
    "CreateVolume",
    "DeleteBackup",
    "DeleteSnapshot",
    "DeleteVolume",
    "DetachVolume",
    "ExtendAttachedVolume",
    "ExtendVolume",
    "RetypeVolume",
    "UpdateSnapshot",
    "UpdateVolume",
    "VolumeContext",
    "VolumeFailed",
    "create_volume",
    "delete_volume",
    "find_volume",
    "record_volume",
    "undo_volume",
    "volume_is_gone",
    "volume_is_ready",
]
