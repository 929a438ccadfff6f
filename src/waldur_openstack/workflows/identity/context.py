"""What the steps of a tenant's workflows see."""

from functools import cached_property
from typing import Any

from waldur_openstack.models import Network, SecurityGroup, SubNet, Tenant
from waldur_openstack.workflows.context import CloudContext


class ProjectContext(CloudContext):
    """Of whatever makes a tenant's project."""

    @property
    def domain(self) -> str:
        return self.admin.identity.domain_id(self.admin.credentials.domain)

    @cached_property
    def roles(self) -> dict[str, str]:
        return self.admin.identity.roles()


class TenantContext(ProjectContext):
    subject: Tenant

    @cached_property
    def network(self) -> Network | None:
        return self.tenant.networks.order_by("pk").first()

    @cached_property
    def subnet(self) -> SubNet | None:
        return self.tenant.subnets.order_by("pk").first()

    @cached_property
    def router(self) -> Any:
        """The first router; only steps planned for a tenant that has one ask for it."""
        return self.tenant.routers.order_by("pk").first()

    @property
    def group(self) -> SecurityGroup:
        return self.row(self.tenant.securitygroups)
