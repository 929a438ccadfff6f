"""What a pull has to know of a kind of object: where it is listed, what becomes of it here, and when it is gone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from django.db.models import Model
from django.utils import timezone

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import described, undescribed
from waldur_openstack.models import Tenant
from waldur_openstack.models.identity import TenantObject
from waldur_openstack.sync.scope import Scope

Columns = dict[str, Any]
Pairs = list[tuple[Any, JSON]]  # rows, each with what the cloud says of it
Ends = frozenset[tuple[str, Any]]


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

    @cached_property
    def attname(self) -> str:
        return f"{self.column}_id"

    @cached_property
    def is_own(self) -> bool:
        """Whether the other end is in the same tenant."""
        return not self.beyond_tenant and self.model is not Tenant and issubclass(self.model, TenantObject)

    def targets(self, scope: Scope, words: Iterable[str]) -> "Targets":
        """The rows that these words name; one query."""
        rows = scope.candidates(self.model, beyond_tenant=self.beyond_tenant)
        found = rows.filter(**{f"{self.key}__any_of": set(words)})
        if not self.is_own:
            return {(None, word): pk for word, pk in found.values_list(self.key, "pk")}
        return {(tenant, word): pk for tenant, word, pk in found.values_list("tenant_id", self.key, "pk")}

    def target(self, targets: "Targets", row: Any, word: str | None) -> int | None:
        """The key of what `word` names, as seen from a row."""
        return targets.get((row.tenant_id if self.is_own else None, word or ""))


Targets = Mapping[tuple[int | None, str], int]  # (tenant, or None for all of them; the cloud's word): pk


@dataclass(frozen=True)
class Look:
    """What a cloud was asked at a moment, and the rows that are concerned.

    What has been written to a row since that moment is newer than what the cloud said. `complete`: it is all that the
    tenant has; the rest is gone. `adopted` are those of `found` that become rows although they stand on their own.
    """

    rows: list[Any]
    found: list[JSON]
    complete: bool = True
    adopted: tuple[JSON, ...] = ()
    moment: datetime = field(default_factory=timezone.now)


class Part(Protocol):
    """Something of a row that is kept in another table."""

    def differences(self, scope: Scope, pairs: Pairs) -> Mapping[int, Any]:
        """{pk of the row: what has to be written}, of those rows that differ; a constant number of queries."""

    def write(self, scope: Scope, differences: Iterable[Any]) -> None:
        """Write some of them."""


def healthy(_: JSON) -> str:
    return ""


def nothing_else(_: JSON) -> set[str]:
    return set()


def unmarked(_: JSON) -> str:
    return ""


def project_of(found: JSON) -> str:
    return found.get("project_id") or ""


@dataclass(frozen=True, kw_only=True)
class Everywhere:
    """How a kind is listed in a whole cloud, in pages sorted by id.

    `changed`: what has changed since a moment, deleted objects too where the service shows them (`is_deleted`); None
    when the cloud cannot tell. `ids`: the same objects with little more than their ids.
    """

    service: str  # whose gateway: the attribute of Cloud
    pages: Callable[[Cloud], Iterator[list[JSON]]]
    ids: Callable[[Cloud], Iterator[list[JSON]]] | None = None
    changed: Callable[[Cloud, datetime], Iterator[list[JSON]] | None] = lambda cloud, since: None
    is_deleted: Callable[[JSON], bool] = lambda found: False


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
    owner: Callable[[JSON], str] = project_of  # id of its project
    everywhere: Everywhere
    references: Callable[[JSON], set[str]] = nothing_else  # ids of others of the same kind
    usage: Callable[[JSON], dict[str, int]] = lambda found: {}  # what one counts in the quotas of its tenant
    # what its rows tell of other kinds: `ends` are those they touch, `afterwards` brings them (None: all) up to date
    ends: Callable[[Any], Ends] = lambda row: frozenset()
    afterwards: Callable[[Scope, Ends | None, datetime, Any], None] | None = None

    @cached_property
    def word_columns(self) -> tuple[str, ...]:
        """Where a row finds the words by which it refers to others."""
        return tuple(f"{relation.column}__{relation.key}" for relation in self.relations)

    def words(self, found: JSON) -> tuple[str, ...]:
        """The same words, as the cloud says them."""
        return tuple([relation.backend_id(found) or "" for relation in self.relations])

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
    if text == row.description:  # it carries no mark
        return {"description": text}
    return {"description": row.description if text == described(row) else undescribed(text)[0]}


def mark_in_description(found: JSON) -> str:
    return undescribed(found.get("description") or "")[1]
