"""What a pull has to know of a kind of object: where it is listed, what becomes of it here, and when it is gone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Model, QuerySet
from django.utils import timezone

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import described, undescribed
from waldur_openstack.models import Tenant
from waldur_openstack.models.identity import TenantObject

Columns = dict[str, Any]
Pairs = list[tuple[Any, JSON]]  # rows, each with what the cloud says of it


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A foreign key that the cloud tells by an id (or another `key` of the model).

    Looked for in the same tenant, unless it is `beyond_tenant`: a network may be another's that is shared. What the
    cloud does not name, or we do not know, becomes null; with `stays` it is left as it is.
    """

    column: str
    model: type[Model]
    backend_id: Callable[[JSON], str | None]
    key: str = "backend_id"
    beyond_tenant: bool = False
    stays: bool = False

    def candidates(self, tenant: Tenant) -> QuerySet[Any]:
        return candidates(self.model, tenant, beyond_tenant=self.beyond_tenant)


def candidates(model: type[Model], tenant: Tenant, *, beyond_tenant: bool = False) -> QuerySet[Any]:
    """What objects of a tenant may refer to: its own, its cloud's, or its cloud's catalogue."""
    if not issubclass(model, TenantObject):
        return model._default_manager.filter(settings=tenant.service_settings_id)
    if beyond_tenant:
        return model._default_manager.filter(service_settings=tenant.service_settings_id)
    return model._default_manager.filter(tenant=tenant)


@dataclass(frozen=True)
class Look:
    """Rows as they were at a moment, then the cloud. `complete`: it is all that the tenant has; the rest is gone.

    `adopted` are those of `found` that become rows although they stand on their own.
    """

    rows: list[Any]
    found: list[JSON]
    complete: bool = True
    adopted: tuple[JSON, ...] = ()
    moment: datetime = field(default_factory=timezone.now)


class Part(Protocol):
    """Something of a row that is kept in another table."""

    def differences(self, tenant: Tenant, pairs: Pairs) -> Mapping[int, Any]:
        """{pk of the row: what has to be written}, of those rows that differ; a constant number of queries."""

    def write(self, tenant: Tenant, differences: Iterable[Any]) -> None:
        """Write some of them."""


def healthy(_: JSON) -> str:
    return ""


def unmarked(_: JSON) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object in tenants.

    `columns` come from the JSON alone, `compared` also from the row. A `sub_resource` lives with its tenant: unknown
    ones become rows, and rows whose object is gone are dropped; what stands on its own is only updated, and ERRED when
    it is gone. `trouble` is why the cloud itself calls it broken; `mark` is the uuid it carries when we made it, on
    kinds that can carry one (`is_marked`).
    """

    model: type[TenantObject]
    word: str  # in event types: openstack_<word>_imported
    listing: Callable[[Cloud, str], list[JSON]]  # of the project with this id
    show: Callable[[Cloud, str], JSON | None]
    columns: Callable[[JSON], Columns]
    compared: Callable[[Any, JSON], Columns]
    relations: tuple[Relation, ...] = ()
    parts: tuple[Part, ...] = ()
    sub_resource: bool = True
    gone_columns: Columns = field(default_factory=dict)
    trouble: Callable[[JSON], str] = healthy
    mark: Callable[[JSON], str] = unmarked
    is_marked: bool = False
    afterwards: Callable[[Tenant, Look, Any], None] | None = None  # what a complete listing tells of other kinds

    @property
    def title(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    def label(self, row: Any) -> str:
        """How sentences begin that speak of a row; ports often have no name."""
        title = self.title
        return f"{title[:1].upper()}{title[1:]} {row.name or row.backend_id}"

    def gone_message(self, row: Any) -> str:
        return f"{self.label(row)} does not exist in the cloud any more."


def named_and_described(row: Any, found: JSON) -> Columns:
    """Name and text of objects whose description carries our mark. A text that we had to cut is still the user's."""
    return {"name": found["name"], **only_described(row, found)}


def only_described(row: Any, found: JSON) -> Columns:
    text = found.get("description") or ""
    return {"description": row.description if text == described(row) else undescribed(text)[0]}


def mark_in_description(found: JSON) -> str:
    return undescribed(found.get("description") or "")[1]
