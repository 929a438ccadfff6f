"""What the steps of all OpenStack workflows share: the clouds to talk to, and how results reach our rows."""

from functools import cached_property
from typing import Any

from waldur_core.operations.workflow import Context
from waldur_openstack.cloud import Cloud
from waldur_openstack.marks import described, mark, metadata_mark
from waldur_openstack.models import Tenant

__all__ = [
    "MOST_METADATA",
    "CloudContext",
    "described",
    "mark",
    "metadata_mark",
    "save",
    "set_backend_id",
    "zone_named",
]

MOST_METADATA = 128  # what Nova takes at most, by default


class CloudContext(Context):
    """`admin` speaks for the service account's own project, `cloud` for the tenant's."""

    @property
    def tenant(self) -> Tenant:
        tenant: Tenant = self.subject if isinstance(self.subject, Tenant) else self.subject.tenant
        return tenant

    def row(self, queryset: Any) -> Any:
        """The row that the current step is about, read once per stay in a worker's hands."""
        if self.item not in self._rows:
            self._rows[self.item] = queryset.get(uuid=self.item)
        return self._rows[self.item]

    @cached_property
    def _rows(self) -> dict[str, Any]:
        return {}

    @property
    def external_network_id(self) -> str:
        """By which a router of the tenant goes out by default; empty when the tenant is to stay inside."""
        option = self.tenant.service_settings.secret_options.get("external_network_id")
        return "" if self.tenant.skip_connection_extnet else str(option or "")

    @cached_property
    def admin(self) -> Cloud:
        return Cloud.of(self.subject.service_settings)

    @cached_property
    def cloud(self) -> Cloud:
        return self.admin.in_project(self.tenant.backend_id)


def save(obj: Any, **fields: Any) -> None:
    """Write some columns of a row."""
    for name, value in fields.items():
        setattr(obj, name, value)
    obj.save(update_fields=[*fields, "modified"])


def zone_named(model: Any, obj: Any, name: str | None) -> Any:
    """The zone of this name in the cloud of a server or volume: that in which the cloud has put it."""
    return model.objects.filter(settings=obj.service_settings_id, name=name).first() if name else None


def set_backend_id(obj: Any) -> Any:
    """A `record` function: keep the id of what was made or found."""

    def record(context: Any, result: dict[str, Any]) -> None:
        save(obj(context), backend_id=result["id"])

    return record
