"""Two clouds of one provider, a tenant in the first, and what people ask of migrations."""

from typing import Any, Self

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.factories import client_of
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.structure.models import User
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant, VolumeType
from waldur_openstack_replication.models import Migration
from waldur_openstack_replication.shape import meaning
from waldur_openstack_replication.source import listed

MIGRATIONS = "/api/openstack-migrations/"
ROOM = {"cores": 200, "ram": 400 * 1024, "storage": 4000 * 1024}
COUNTS = ("security_group_count", "security_group_rule_count", "floating_ip_count", "network_count", "subnet_count")


class TwoClouds(Estate):
    """The tenant `genome` is in the first; the second has seen one tenant, `pioneer`."""

    def __init__(self, twin: OpenStackTwin, other_twin: OpenStackTwin) -> None:
        super().__init__(twin)
        self.other_twin = other_twin

    @property
    def other_cloud(self) -> TwinClient:
        return self.other_twin.client

    def build(self) -> Self:
        self.publish()
        first = self.offering
        service = self.connection(
            backend_url=self.other_twin.auth_url, password=self.other_twin.settings.admin_password,
            external_network_id=self.other_cloud.external_network_id,
        )  # fmt: skip
        self.publish(name="Other cloud", service_attributes=service)
        self.build_tenant(attributes={"name": "pioneer"})  # with it we learn what the cloud offers
        Cloud.of(self.destination.scope).network.list("security_group")  # Neutron makes its default group now
        self.offering = first
        self.build_tenant(limits=ROOM)
        quotas = dict.fromkeys(COUNTS, 500)
        answer = client_of(self.staff).post(f"/api/openstack-tenants/{self.tenant.uuid.hex}/set_quotas/", quotas)
        assert answer.status_code == 202, answer.content
        drain()
        return self

    @property
    def tenant(self) -> Tenant:
        found = Tenant.objects.select_related("service_settings")
        return found.get(name="genome", service_settings__name="Cloud")

    # both sides ------------------------------------------------------------------------------------------------------

    @property
    def source(self) -> Resource:
        return self.resource_of(self.tenant)

    @property
    def destination(self) -> Offering:
        return Offering.objects.get(name="Other cloud", type="OpenStack.Tenant")

    @property
    def source_cloud(self) -> Cloud:
        return Cloud.of(self.tenant.service_settings).in_project(self.tenant.backend_id)

    def cloud_of(self, tenant: Tenant) -> Cloud:
        return Cloud.of(tenant.service_settings).in_project(tenant.backend_id)

    def meaning_of(self, tenant: Tenant) -> dict[str, Any]:
        """What the cloud itself says of a tenant, ids left out."""
        return meaning(listed(self.cloud_of(tenant), tenant.backend_id))

    def expected(self) -> dict[str, Any]:
        """What a migration without mappings makes of the source: routes that lead nowhere in it stay behind."""
        told = self.meaning_of(self.tenant)
        for _, router in told["router"]:
            router["routes"] = [route for route in router["routes"] if route["destination"] == "10.0.8.0/28"]
        return told

    def type_of(self, service: Any, name: str) -> str:
        return str(VolumeType.objects.get(settings=service, name=name).uuid.hex)

    def pull(self) -> None:
        answer = self.act(self.tenant, "pull")
        assert answer.status_code == 202, answer.content
        drain()

    # asking ----------------------------------------------------------------------------------------------------------

    def body(self, **changes: Any) -> JSON:
        offering = self.destination
        plan = offering.plans.first()
        assert plan
        body = {
            "src_resource": self.source.uuid.hex,
            "dst_offering": offering.uuid.hex,
            "dst_plan": plan.uuid.hex,
            **changes,
        }
        return {key: value for key, value in body.items() if value is not None}

    def plan(self, user: User | None = None, **changes: Any) -> JSON:
        found: JSON = self.done(self.post(user or self.owner, f"{MIGRATIONS}plan/", self.body(**changes)), 200)
        return found

    def ask(self, user: User | None = None, **changes: Any) -> Any:
        return self.post(user or self.owner, MIGRATIONS, self.body(**changes))

    def begin(self, **changes: Any) -> Migration:
        """A migration that has been asked for, and not been worked on yet."""
        return Migration.objects.get(uuid=self.done(self.ask(**changes))["uuid"])

    def migrate(self, **changes: Any) -> Migration:
        """A migration that has gone well."""
        return self.migrate_begun(self.begin(**changes))

    def migrate_begun(self, migration: Migration) -> Migration:
        drain()
        migration.refresh_from_db()
        assert migration.state == "OK", migration.error_message + migration.error_traceback
        return migration

    def shown(self, migration: Migration, user: User | None = None) -> JSON:
        found: JSON = self.get(user or self.owner, f"{MIGRATIONS}{migration.uuid.hex}/")
        return found

    def report(self, migration: Migration, **params: Any) -> list[JSON]:
        found: list[JSON] = self.get(self.owner, f"{MIGRATIONS}{migration.uuid.hex}/report/", page_size=300, **params)
        return found

    def say(self, migration: Migration, action: str, user: User | None = None) -> Any:
        return self.post(user or self.owner, f"{MIGRATIONS}{migration.uuid.hex}/{action}/")
