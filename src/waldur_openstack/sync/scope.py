"""Whose objects are looked at together: those of one tenant, or of all our tenants in a cloud."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Tenant
from waldur_openstack.models.identity import TenantObject
from waldur_openstack.sync.rows import light

# what is in them is made, or taken down, by the operation at work on them
NOT_YET_OR_NO_MORE = (
    CoreState.CREATION_SCHEDULED,
    CoreState.CREATING,
    CoreState.DELETION_SCHEDULED,
    CoreState.DELETING,
)
SECRETS = ("user_password", "new_user_password")


class Scope:
    """Tenants of one cloud by primary key. `only` is the tenant when the listing was of one project alone."""

    def __init__(
        self, service_settings: ServiceSettings, tenants: Iterable[Tenant], only: Tenant | None = None
    ) -> None:
        self.service_settings = service_settings
        self.only = only
        self.tenants: Mapping[int, Tenant] = {tenant.pk: tenant for tenant in tenants}
        self._by_project = {tenant.backend_id: tenant for tenant in self.tenants.values()}

    @classmethod
    def of(cls, tenant: Tenant) -> "Scope":
        return cls(tenant.service_settings, [tenant], only=tenant)

    @classmethod
    def of_cloud(cls, service_settings: ServiceSettings, **filters: Any) -> "Scope":
        """All tenants that exist in the cloud, or some of them; one query."""
        tenants = Tenant.objects.filter(service_settings=service_settings, **filters).exclude(backend_id="")
        found = tenants.exclude(state__in=NOT_YET_OR_NO_MORE).defer(*SECRETS).select_related("project__customer")
        return cls(service_settings, found)

    def owner(self, project_id: str) -> Tenant | None:
        """The tenant an object belongs to; None for what is nobody's of ours."""
        return self.only or self._by_project.get(project_id)

    def candidates(self, model: Any, *, beyond_tenant: bool = False) -> QuerySet[Any]:
        """What objects in these tenants may refer to: their own, their cloud's, or its catalogue."""
        if model is not Tenant and not issubclass(model, TenantObject):
            return model._default_manager.filter(settings=self.service_settings)
        if self.only and model is not Tenant and not beyond_tenant:
            return model._default_manager.filter(tenant=self.only)
        return model._default_manager.filter(service_settings=self.service_settings)

    def rows(self, model: Any, words: Sequence[str] = (), **filters: Any) -> list[Any]:
        """Rows of these tenants, and no others; `words` as for `light`."""
        where = {"tenant": self.only} if self.only else {"service_settings": self.service_settings}
        found = model._default_manager.filter(**where, **filters).order_by()
        return [row for row in light(found, words) if row.tenant_id in self.tenants]

    def introduce(self, rows: Iterable[Any]) -> None:
        """Rows know their tenant, project and cloud without asking the database for each."""
        for row in rows:
            tenant = self.tenants[row.tenant_id]
            row.tenant, row.project, row.service_settings = tenant, tenant.project, self.service_settings
