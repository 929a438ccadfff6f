"""Rows in a state of change that no operation is at work on: the cloud is asked what became of them."""

from waldur_openstack.stuck.clouds import resolve_connections
from waldur_openstack.stuck.objects import resolve_objects
from waldur_openstack.stuck.tenants import resolve_tenants

__all__ = ["resolve_connections", "resolve_objects", "resolve_tenants"]
