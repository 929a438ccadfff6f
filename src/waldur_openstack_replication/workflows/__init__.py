"""Carrying a migration out, and taking it back."""

from waldur_openstack_replication.workflows.rollback import RollBack
from waldur_openstack_replication.workflows.run import Run

__all__ = ["RollBack", "Run"]
