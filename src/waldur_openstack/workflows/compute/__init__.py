"""Servers. One file per concern: ports, the server itself, floating IPs, and the workflows."""

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
from waldur_openstack.workflows.compute.resize import ResizeInstance

__all__ = [
    "AssignFloatingIP",
    "CreateInstance",
    "DeleteInstance",
    "ResizeInstance",
    "RestartInstance",
    "SetInstanceAddressPairs",
    "SetInstanceFloatingIPs",
    "SetInstancePorts",
    "SetInstanceSecurityGroups",
    "StartInstance",
    "StopInstance",
    "UnassignFloatingIP",
]
