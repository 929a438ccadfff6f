"""The OpenStack objects we keep, one file per service."""

from waldur_openstack.models.block_storage import Volume, VolumeAvailabilityZone, VolumeType, gigabytes_of
from waldur_openstack.models.compute import Flavor, Instance, InstanceAvailabilityZone, ServerGroup
from waldur_openstack.models.identity import Tenant
from waldur_openstack.models.image import Image
from waldur_openstack.models.network import FloatingIP, Network, Port, Router, SubNet
from waldur_openstack.models.security import SecurityGroup, SecurityGroupRule

__all__ = [
    "Flavor",
    "FloatingIP",
    "Image",
    "Instance",
    "InstanceAvailabilityZone",
    "Network",
    "Port",
    "Router",
    "SecurityGroup",
    "SecurityGroupRule",
    "ServerGroup",
    "SubNet",
    "Tenant",
    "Volume",
    "VolumeAvailabilityZone",
    "VolumeType",
    "gigabytes_of",
]
