"""Many-to-many relations as the cloud tells them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models.identity import TenantObject
from waldur_openstack.sync.kinds import Pairs
from waldur_openstack.sync.scope import Scope


class LinkChange(NamedTuple):
    row: int
    added: set[int]
    removed: set[int]


@dataclass(frozen=True)
class Links:
    """The many-to-many field `name` of `model`, whose ends in the same tenant `backend_ids` names."""

    model: type[TenantObject]
    name: str
    backend_ids: Callable[[JSON], Iterable[str]]

    def differences(self, scope: Scope, pairs: Pairs) -> Mapping[int, LinkChange]:
        said = {row: set(self.backend_ids(item)) for row, item in pairs}
        linked = self.linked([row.pk for row in said], f"{self._field.m2m_reverse_field_name()}__backend_id")
        names = {row: ids for row, ids in said.items() if ids != linked[row.pk]}
        ids = set().union(*names.values())
        ends = scope.candidates(self._field.related_model).filter(backend_id__any_of=ids)
        found = ends.values_list("tenant_id", "backend_id", "pk") if ids else ()
        known = {(tenant, name): pk for tenant, name, pk in found}
        return self.against(
            {
                row.pk: {known[row.tenant_id, name] for name in own if (row.tenant_id, name) in known}
                for row, own in names.items()
            }
        )

    def against(self, wanted: Mapping[int, set[int]]) -> Mapping[int, LinkChange]:
        """What to write so that the rows are linked to exactly these; all by primary key."""
        if not wanted:
            return {}
        linked = self.linked(wanted, self._end)
        return {
            row: LinkChange(row, ends - linked[row], linked[row] - ends)
            for row, ends in wanted.items()
            if ends != linked[row]
        }

    def linked(self, rows: Iterable[int], column: str) -> Mapping[int, set[Any]]:
        """{row: this column of what it is linked to}."""
        found: dict[int, set[Any]] = defaultdict(set)
        links = self._rows.filter(**{f"{self._field.m2m_field_name()}__pk__any_of": list(rows)})
        for row, end in links.values_list(self._own, column):
            found[row].add(end)
        return found

    def write(self, scope: Scope, differences: Iterable[LinkChange]) -> None:
        changes = list(differences)
        through: Any = self._field.remote_field.through
        added = [through(**{self._own: row, self._end: end}) for row, ends, _ in changes for end in ends]
        through._default_manager.bulk_create(added, ignore_conflicts=True)
        removed = {(row, end) for row, _, ends in changes for end in ends}
        stale = self._rows.filter(**{f"{self._own}__in": {row for row, _ in removed}}) if removed else []
        gone = [link.pk for link in stale if (getattr(link, self._own), getattr(link, self._end)) in removed]
        if gone:
            self._rows.filter(pk__any_of=gone).delete()

    @property
    def _field(self) -> Any:
        return self.model._meta.get_field(self.name)

    @property
    def _rows(self) -> Any:
        return self._field.remote_field.through._default_manager.all()

    @property
    def _own(self) -> str:
        return f"{self._field.m2m_field_name()}_id"

    @property
    def _end(self) -> str:
        return f"{self._field.m2m_reverse_field_name()}_id"
