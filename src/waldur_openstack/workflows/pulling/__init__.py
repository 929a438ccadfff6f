"""Pulls: our rows learn what the cloud says. One file for single objects, one for tenants, one for backups."""

from waldur_openstack.workflows.pulling.backups import PullBackup
from waldur_openstack.workflows.pulling.objects import (
    PullFloatingIP,
    PullInstance,
    PullNetwork,
    PullPort,
    PullSecurityGroup,
    PullServerGroup,
    PullSnapshot,
    PullSubNet,
    PullVolume,
)
from waldur_openstack.workflows.pulling.tenants import (
    PullFlavors,
    PullFloatingIPs,
    PullImages,
    PullQuotas,
    PullSecurityGroups,
    PullServerGroups,
    PullTenant,
    PullVolumeTypes,
)

__all__ = [
    "PullBackup",
    "PullFlavors",
    "PullFloatingIP",
    "PullFloatingIPs",
    "PullImages",
    "PullInstance",
    "PullNetwork",
    "PullPort",
    "PullQuotas",
    "PullSecurityGroup",
    "PullSecurityGroups",
    "PullServerGroup",
    "PullServerGroups",
    "PullSnapshot",
    "PullSubNet",
    "PullTenant",
    "PullVolume",
    "PullVolumeTypes",
]
