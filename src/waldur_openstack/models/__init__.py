"""The OpenStack objects we keep, one file per service."""

from waldur_openstack.models.block_storage import Volume, VolumeAvailabilityZone, VolumeType, gigabytes_of
from waldur_openstack.models.compute import Flavor, Instance, InstanceAvailabilityZone, ServerGroup
from waldur_openstack.models.copies import (
    Backup,
    BackupRestoration,
    BackupSchedule,
    Snapshot,
    SnapshotRestoration,
    SnapshotSchedule,
)
from waldur_openstack.models.drift import Drift
from waldur_openstack.models.identity import ProvidedTenant, Tenant
from waldur_openstack.models.image import Image
from waldur_openstack.models.keys import KeyDistribution
from waldur_openstack.models.network import FloatingIP, Network, Port, Router, SubNet
from waldur_openstack.models.notifications import NotificationListener
from waldur_openstack.models.security import SecurityGroup, SecurityGroupRule
from waldur_openstack.models.sharing import ExternalNetwork, ExternalSubnet, NetworkRBACPolicy
from waldur_openstack.models.sync import CloudSync, SyncCursor, SyncRun

__all__ = [
    "Backup",
    "BackupRestoration",
    "BackupSchedule",
    "CloudSync",
    "Drift",
    "ExternalNetwork",
    "ExternalSubnet",
    "Flavor",
    "FloatingIP",
    "Image",
    "Instance",
    "InstanceAvailabilityZone",
    "KeyDistribution",
    "Network",
    "NetworkRBACPolicy",
    "NotificationListener",
    "Port",
    "ProvidedTenant",
    "Router",
    "SecurityGroup",
    "SecurityGroupRule",
    "ServerGroup",
    "Snapshot",
    "SnapshotRestoration",
    "SnapshotSchedule",
    "SubNet",
    "SyncCursor",
    "SyncRun",
    "Tenant",
    "Volume",
    "VolumeAvailabilityZone",
    "VolumeType",
    "gigabytes_of",
]
