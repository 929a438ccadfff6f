"""Servers. One file per concern: how they are shown, found, changed, deleted, and what is asked of the cloud."""

from waldur_openstack.api.compute.deletion import InstanceDeleteSerializer, delete_instance, require_instance_deletable
from waldur_openstack.api.compute.serializers import InstanceSerializer, NestedServerGroupSerializer
from waldur_openstack.api.compute.views import InstanceViewSet

__all__ = [
    "InstanceDeleteSerializer",
    "InstanceSerializer",
    "InstanceViewSet",
    "NestedServerGroupSerializer",
    "delete_instance",
    "require_instance_deletable",
]
