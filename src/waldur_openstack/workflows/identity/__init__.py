"""Tenants. One file per concern: the project, its first network, and the workflows."""

from waldur_openstack.workflows.identity.adoption import ImportTenant
from waldur_openstack.workflows.identity.create import CreateTenant
from waldur_openstack.workflows.identity.delete import DeleteTenant
from waldur_openstack.workflows.identity.keys import DistributeKeys
from waldur_openstack.workflows.identity.project import blacklisted
from waldur_openstack.workflows.identity.update import ChangeTenantPassword, UpdateTenant

__all__ = [
    "ChangeTenantPassword",
    "CreateTenant",
    "DeleteTenant",
    "DistributeKeys",
    "ImportTenant",
    "UpdateTenant",
    "blacklisted",
]
