"""Many-to-many relations as the cloud tells them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Model

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.sync.kinds import Pairs, candidates


class LinkChange(NamedTuple):
    row: int
    added: set[int]
    removed: set[int]


@dataclass(frozen=True)
class Links:
    """The many-to-many field `name` of `model`, whose ends `backend_ids` names."""

    model: type[Model]
    name: str
    backend_ids: Callable[[JSON], Iterable[str]]

    def differences(self, tenant: Tenant, pairs: Pairs) -> Mapping[int, LinkChange]:
        return self.against(tenant, {row.pk: set(self.backend_ids(item)) for row, item in pairs})

    def against(self, tenant: Tenant, wanted: Mapping[int, set[str]]) -> Mapping[int, LinkChange]:
        """What to write so that the rows (by pk) are linked to the objects with these ids."""
        if not wanted:
            return {}
        ids = set().union(*wanted.values())
        known = dict(
            candidates(self._field.related_model, tenant).filter(backend_id__in=ids).values_list("backend_id", "pk")
        )
        linked = defaultdict(set)
        for row, end in self._rows.filter(**{f"{self._own}__in": wanted}).values_list(self._own, self._end):
            linked[row].add(end)
        changes = {}
        for row, names in wanted.items():
            ends = {known[name] for name in names if name in known}
            if ends != linked[row]:
                changes[row] = LinkChange(row, ends - linked[row], linked[row] - ends)
        return changes

    def write(self, tenant: Tenant, differences: Iterable[LinkChange]) -> None:
        changes = list(differences)
        through: Any = self._field.remote_field.through
        added = [through(**{self._own: row, self._end: end}) for row, ends, _ in changes for end in ends]
        through._default_manager.bulk_create(added, ignore_conflicts=True)
        removed = {(row, end) for row, _, ends in changes for end in ends}
        stale = self._rows.filter(**{f"{self._own}__in": {row for row, _ in removed}}) if removed else []
        gone = [link.pk for link in stale if (getattr(link, self._own), getattr(link, self._end)) in removed]
        if gone:
            self._rows.filter(pk__in=gone).delete()

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
