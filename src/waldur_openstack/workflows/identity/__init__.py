"""Tenants. One file per concern: the project, its first network, and the two workflows."""

from waldur_openstack.workflows.identity.create import CreateTenant
from waldur_openstack.workflows.identity.delete import DeleteTenant
from waldur_openstack.workflows.identity.project import blacklisted

__all__ = ["CreateTenant", "DeleteTenant", "blacklisted"]
