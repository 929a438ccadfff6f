"""All that the audit of a cloud looks at: what the cloud has and what we have, read once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import is_uuid
from waldur_openstack.models import Tenant
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.sync.register import KINDS
from waldur_openstack.sync.scope import Scope


@dataclass
class Inventory:
    """`found` by the word of the kind. `busy` are the uuids of rows that an operation is at work on: no finding is made
    of what is just being changed."""

    service: ServiceSettings
    found: dict[str, list[JSON]]
    projects: list[JSON]
    users: list[JSON]
    keypairs: list[JSON]
    assignments: list[JSON]
    scope: Scope
    tenants: list[Tenant]
    busy: set[UUID]
    rows: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def take(cls, service: ServiceSettings) -> "Inventory":
        """First what operations are at work: one that ends while we look has not been looked over."""
        cloud, busy = Cloud.of(service), at_work()
        domain = cloud.identity.domain_id(cloud.credentials.domain)
        found = {kind.word: listed(kind, cloud) for kind in KINDS}
        inventory = cls(
            service=service,
            found=found,
            projects=cloud.identity.projects(domain_id=domain),
            users=cloud.identity.users(domain_id=domain),
            keypairs=cloud.compute.keypairs(),
            assignments=cloud.identity.assignments(),
            scope=Scope.of_cloud(service),
            tenants=list(Tenant.objects.filter(service_settings=service).select_related("project__customer")),
            busy=busy,
        )
        inventory.read_rows()
        inventory.busy |= at_work()
        return inventory

    def read_rows(self) -> None:
        for kind in KINDS:
            names = [item.name for item in kind.model._meta.concrete_fields if item.name == "type" and item.is_relation]
            rows = kind.model._default_manager.filter(service_settings=self.service).select_related("tenant", *names)
            self.rows[kind.word] = list(rows)

    def is_busy(self, row: Any) -> bool:
        tenant = getattr(row, "tenant", None)
        return row.uuid in self.busy or (tenant is not None and tenant.uuid in self.busy)


def listed(kind: Kind, cloud: Cloud) -> list[JSON]:
    return [item for page in kind.everywhere.pages(cloud) for item in page]


def at_work() -> set[UUID]:
    live = Operation.objects.filter(state__in=Operation.LIVE)
    return set(live.values_list("subject_uuid", flat=True))


def known_marks(model: Any, marks: Iterable[str]) -> dict[str, str]:
    """{uuid: backend id} of the rows, of whatever cloud, that have these uuids; one query."""
    wanted = {UUID(mark) for mark in marks if is_uuid(mark)}
    rows = model._default_manager.filter(uuid__in=wanted)
    return {uuid.hex: backend_id for uuid, backend_id in rows.values_list("uuid", "backend_id")}
