"""What the steps of migrations see: the tenant that is made, the items of the plan, and how progress is kept."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db import connection, transaction

from waldur_core.operations import leases
from waldur_openstack.models import Network, Port, Router, SecurityGroup, SubNet
from waldur_openstack.workflows.identity.context import ProjectContext
from waldur_openstack_replication.models import Migration, MigrationItem

Kind, State = MigrationItem.Kind, MigrationItem.State

AUTOMATIC = {"slaac", "dhcpv6-stateless"}  # modes of subnets

# the rows that stand for items
MODELS: dict[str, Any] = {
    Kind.NETWORK: Network,
    Kind.SUBNET: SubNet,
    Kind.ROUTER: Router,
    Kind.SECURITY_GROUP: SecurityGroup,
    Kind.PORT: Port,
}


# one statement whatever the number of items, without sending what they are to be
SETTLE = f"""
    UPDATE {MigrationItem._meta.db_table} AS item
    SET state = done.state, backend_id = done.backend_id, reason = done.reason, uuid = done.uuid
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[])
        AS done (id, state, backend_id, reason, uuid)
    WHERE item.id = done.id
"""


def write(rows: Iterable[Any], columns: Iterable[str]) -> None:
    """Some columns of rows that exist. As an upsert: an UPDATE of many rows by CASE takes ten times as long."""
    found = list(rows)
    if found:
        model = type(found[0])._default_manager
        model.bulk_create(
            found, update_conflicts=True, unique_fields=["id"], update_fields=sorted(columns), batch_size=500
        )


class MigrationContext(ProjectContext):
    subject: Migration

    @property
    def project_id(self) -> str:
        return self.tenant.backend_id

    def items(self, *kinds: str, states: Iterable[str] = (State.PLANNED,)) -> list[MigrationItem]:
        return list(self.subject.items.filter(kind__in=kinds, state__in=states))

    @cached_property
    def backend_ids(self) -> dict[str, str]:
        """{id of an object in the source: id of what was made of it}."""
        made = self.subject.items.exclude(backend_id="").filter(state__in=MigrationItem.MADE)
        return dict(made.values_list("source_id", "backend_id"))

    @cached_property
    def automatic_subnets(self) -> frozenset[str]:
        """Those whose addresses follow from MAC addresses."""
        names = ("wanted__ipv6_ra_mode", "wanted__ipv6_address_mode")
        subnets = self.subject.items.filter(kind=Kind.SUBNET).values_list("source_id", *names)
        return frozenset(source_id for source_id, *modes in subnets if AUTOMATIC & set(modes))

    def settle(self, items: list[MigrationItem]) -> None:
        """Keep what became of some items, and that we are still the ones who are at work."""
        columns = ([getattr(item, name) for item in items] for name in ("pk", "state", "backend_id", "reason", "uuid"))
        with transaction.atomic(), connection.cursor() as cursor:
            leases.save(self.operation)
            cursor.execute(SETTLE, list(columns))
        self.backend_ids.update({i.source_id: i.backend_id for i in items if i.state in MigrationItem.MADE})

    def rows(self, kind: str, items: Iterable[MigrationItem]) -> dict[Any, Any]:
        """The rows of items, by uuid."""
        model = MODELS[kind]
        return {row.uuid: row for row in model.objects.filter(uuid__in=[item.uuid for item in items])}
