"""Servers and their groups. One file per concern: ports, the server itself, floating IPs, and the workflows."""

from waldur_openstack.workflows.compute.address_updates import (
    AssignFloatingIP,
    SetInstanceFloatingIPs,
    UnassignFloatingIP,
)
from waldur_openstack.workflows.compute.create import CreateInstance
from waldur_openstack.workflows.compute.delete import DeleteInstance
from waldur_openstack.workflows.compute.port_updates import (
    SetInstanceAddressPairs,
    SetInstancePorts,
    SetInstanceSecurityGroups,
)
from waldur_openstack.workflows.compute.power import RestartInstance, StartInstance, StopInstance
from waldur_openstack.workflows.compute.rescue import RescueInstance, UnrescueInstance
from waldur_openstack.workflows.compute.resize import ResizeInstance
from waldur_openstack.workflows.compute.restore import RestoreBackup
from waldur_openstack.workflows.compute.server_groups import CreateServerGroup, DeleteServerGroup
from waldur_openstack.workflows.compute.update import SetInstanceMetadata, UpdateInstance

__all__ = [
    "AssignFloatingIP",
    "CreateInstance",
    "CreateServerGroup",
    "DeleteInstance",
    "DeleteServerGroup",
    "RescueInstance",
    "ResizeInstance",
    "RestartInstance",
    "RestoreBackup",
    "SetInstanceAddressPairs",
    "SetInstanceFloatingIPs",
    "SetInstanceMetadata",
    "SetInstancePorts",
    "SetInstanceSecurityGroups",
    "StartInstance",
    "StopInstance",
    "UnassignFloatingIP",
    "UnrescueInstance",
    "UpdateInstance",
]
