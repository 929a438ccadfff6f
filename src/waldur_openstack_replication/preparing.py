"""From a request to its plan: both clouds are asked, nothing is touched. Then, perhaps, it begins."""

from collections import Counter, defaultdict
from typing import Any

from waldur_core.quotas import counters
from waldur_mastermind.marketplace import pricing
from waldur_openstack_replication.destination import Destination, read_destination
from waldur_openstack_replication.models import Migration
from waldur_openstack_replication.planning.plan import Plan, make_plan
from waldur_openstack_replication.rows import Request, create_migration, replan
from waldur_openstack_replication.source import Source, read_source


class Prepared:
    """A request with the plan that answers it. It talks to both clouds, so no transaction is open meanwhile."""

    def __init__(self, asked: Request) -> None:
        self.asked = asked
        tenant: Any = asked.src_resource.scope
        self.destination: Destination = read_destination(asked.service, asked.offering)
        self.source: Source = read_source(tenant)
        quotas = dict(counters.quotas_of(tenant).values_list("name", "limit"))
        self.plan: Plan = make_plan(self.source, asked.wishes, self.destination, asked.source_limits, quotas)

    @property
    def external_network(self) -> str:
        return self.destination.way_out(skip=self.asked.wishes.skip_connection_extnet)[0]

    def as_json(self) -> dict[str, Any]:
        plan = self.plan
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for item in plan.items:
            counts[item.kind][item.action] += 1
        told = {name: getattr(plan, name) for name in ("fingerprint", "source_read_from", "limits", "quotas")}
        return {
            **told,
            "name": self.asked.name,
            "description": self.asked.description,
            "project_uuid": self.asked.src_resource.project.uuid,
            "monthly_price": pricing.monthly_price(self.asked.tariff, plan.limits),
            "own_quotas": self.destination.own_quotas,
            "capacity": self.destination.capacity,
            "counts": {kind: dict(actions) for kind, actions in counts.items()},
            "conflicts": plan.conflicts,
            "notices": plan.notices,
            "items": [
                {
                    "kind": item.kind, "action": item.action, "name": item.name, "address": item.address,
                    "reason": item.left_out or item.note, "source_uuid": self.source.uuids.get(item.source_id),
                }
                for item in plan.items
            ],
        }  # fmt: skip

    def begin(self) -> Migration:
        return create_migration(self.asked, self.source, self.plan, self.external_network)

    def replace_plan(self, migration: Migration) -> None:
        replan(migration, self.asked, self.source, self.plan, self.external_network)
