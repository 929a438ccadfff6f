"""Servers. One file per concern: ports, the server itself, floating IPs, and the workflows."""

from waldur_openstack.workflows.compute.create import CreateInstance
from waldur_openstack.workflows.compute.delete import DeleteInstance
from waldur_openstack.workflows.compute.power import RestartInstance, StartInstance, StopInstance
from waldur_openstack.workflows.compute.resize import ResizeInstance
from waldur_openstack.workflows.compute.restore import RestoreBackup

__all__ = [
    "CreateInstance",
    "DeleteInstance",
    "ResizeInstance",
    "RestartInstance",
    "RestoreBackup",
    "StartInstance",
    "StopInstance",
]
