"""Volumes, snapshots, backups and schedules: one file per subject."""

from waldur_openstack.api.block_storage.volumes import (
    NestedVolumeSerializer,
    VolumeCreateSerializer,
    VolumeSerializer,
    VolumeViewSet,
    default_volume_type,
    require_deletable,
)

__all__ = [
    "NestedVolumeSerializer",
    "VolumeCreateSerializer",
    "VolumeSerializer",
    "VolumeViewSet",
    "default_volume_type",
    "require_deletable",
]
