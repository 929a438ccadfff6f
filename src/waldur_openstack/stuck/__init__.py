"""Rows in a state of change that no operation is at work on: the cloud is asked what became of them."""

from waldur_openstack.stuck.clouds import resolve_connections
from waldur_openstack.stuck.errands import ERRANDS

__all__ = ["ERRANDS", "resolve_connections"]
