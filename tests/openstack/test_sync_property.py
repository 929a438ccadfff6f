"""Whatever users, administrators and faults do: once it is quiet, our records are what the cloud has, the quotas are
the sums of both, and the audit is empty.

A failure prints the steps that lead to it; `@reproduce_failure`, which hypothesis prints with it, plays them again.
"""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.drive import drain
from tests.factories import Cast
from tests.openstack.actions import usages
from tests.openstack.behind import add_rule, cloud_of
from tests.openstack.orders import order_deletion, order_volume
from tests.openstack.syncing import adopt, project_by_hand
from twins.openstack import TwinClient
from waldur_core.operations.errors import OperationError
from waldur_core.operations.start import start
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.audit import Finding, audit
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import CloudSync, Network, SecurityGroup, Tenant, Volume
from waldur_openstack.removal import Removal
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.register import KINDS
from waldur_openstack.workflows.network import CreateNetwork, DeleteNetwork

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WHICH = st.integers(min_value=0, max_value=9)
SERVICES = st.sampled_from(("network", "compute", "block_storage"))
COUNTED = {
    "network_count": "network", "subnet_count": "subnet", "port_count": "port", "volumes": "volume",
    "security_group_count": "security_group", "floating_ip_count": "floating_ip", "instances": "instance",
}  # fmt: skip


class World(RuleBasedStateMachine):
    """Two tenants, a user of each, and an administrator."""

    cast: Cast
    service_settings: ServiceSettings
    twin: TwinClient

    @initialize()
    def begin(self) -> None:
        self.point = transaction.savepoint()
        self.twin.clear_faults()
        names = ("one", "two")
        projects = [project_by_hand(self.service_settings, f"{name}-{self.twin.call_count()}") for name in names]
        self.tenants = [adopt(self.service_settings, project, self.cast.project) for project in projects]
        self.look()
        self.from_before = self.findings()

    def teardown(self) -> None:
        if not hasattr(self, "point"):
            return
        try:
            self.is_true_when_quiet()
            self.audit_is_empty()
        finally:
            self.twin.clear_faults()
            transaction.savepoint_rollback(self.point)

    def tenant(self, which: int) -> Tenant:
        return self.tenants[which % len(self.tenants)]

    def some(self, model: Any, which: int, **filters: Any) -> Any:
        rows = list(model.objects.filter(tenant__in=self.tenants, state="OK", **filters).order_by("pk"))
        return rows[which % len(rows)] if rows else None

    def admin(self, kind: str, which: int) -> tuple[Cloud, Any]:
        """The cloud of a tenant, and one of what is in it, as an administrator finds it there."""
        tenant = self.tenant(which)
        cloud = cloud_of(tenant)
        try:
            found = cloud.network.list(kind, project_id=tenant.backend_id)
        except OperationError:
            return cloud, None
        return cloud, found[which % len(found)] if found else None

    def look(self, **options: Any) -> Any:
        CloudSync.objects.update(next_try=None)
        return synchronise(self.service_settings, **options)

    # users

    @rule(which=WHICH)
    def a_user_makes_a_network(self, which: int) -> None:
        tenant = self.tenant(which)
        network = Network.objects.create(tenant=tenant, name=f"user {which}")
        start(CreateNetwork, network, user=None)

    @rule(which=WHICH)
    def a_user_removes_a_network(self, which: int) -> None:
        network = self.some(Network, which, ports=None, subnets=None)
        if network:
            start(DeleteNetwork, network, user=None)

    @rule(which=WHICH)
    def a_user_makes_a_volume(self, which: int) -> None:
        order_volume(self.tenant(which), self.cast.owner, name=f"volume {which}")

    @rule(which=WHICH)
    def a_user_removes_a_volume(self, which: int) -> None:
        volume = self.some(Volume, which, runtime_state="available")
        if volume:
            order_deletion(volume, self.cast.owner)

    @rule()
    def workers_do_what_is_due(self) -> None:
        drain()

    # an administrator, behind our back

    @rule(which=WHICH, kind=st.sampled_from(("network", "security_group", "router")))
    def an_administrator_makes_something(self, which: int, kind: str) -> None:
        self.try_(lambda: cloud_of(self.tenant(which)).network.create(kind, name=f"admin {which}"))

    @rule(which=WHICH)
    def an_administrator_makes_a_port(self, which: int) -> None:
        cloud, network = self.admin("network", which)
        if network:
            self.try_(lambda: cloud.network.create("port", name=f"admin {which}", network_id=network["id"]))

    @rule(which=WHICH)
    def an_administrator_makes_a_volume(self, which: int) -> None:
        cloud = cloud_of(self.tenant(which))
        self.try_(lambda: cloud.block_storage.create_volume(name=f"admin {which}", size=1 + which))

    @rule(which=WHICH)
    def an_administrator_removes_a_volume(self, which: int) -> None:
        volume = self.some(Volume, which)
        if volume:
            self.try_(lambda: cloud_of(volume.tenant).block_storage.delete_volume(volume.backend_id))

    @rule(which=WHICH, kind=st.sampled_from(("network", "security_group", "router", "port", "subnet")))
    def an_administrator_renames_something(self, which: int, kind: str) -> None:
        cloud, found = self.admin(kind, which)
        if found:
            self.try_(lambda: cloud.network.update(kind, found["id"], name=f"renamed {which}"))

    @rule(which=WHICH, kind=st.sampled_from(("network", "security_group", "router", "port")))
    def an_administrator_removes_something(self, which: int, kind: str) -> None:
        cloud, found = self.admin(kind, which)
        if found:
            self.try_(lambda: cloud.network.remove(kind, found["id"]))

    @rule(which=WHICH, port=st.integers(min_value=1, max_value=3))
    def an_administrator_adds_a_rule(self, which: int, port: int) -> None:
        group = self.some(SecurityGroup, which)
        if group:
            self.try_(lambda: add_rule(group.tenant, group.backend_id, port_range_min=port, port_range_max=port))

    def try_(self, work: Any) -> None:
        """What the cloud refuses, or what a fault hits, was not done; or was, and nobody knows."""
        try:
            work()
        except OperationError:
            return

    # we, and what goes wrong

    @rule()
    def we_look(self) -> None:
        self.look()

    @rule()
    def we_look_at_everything(self) -> None:
        self.look(full=True)

    @rule(service=SERVICES, action=st.sampled_from(("status", "drop", "lose_reply")), nth=st.integers(1, 4))
    def a_call_will_fail(self, service: str, action: str, nth: int) -> None:
        extra = {"status": 503} if action == "status" else {}
        self.twin.add_fault(action, service=service, nth=nth, **extra)

    @rule()
    @precondition(lambda self: self.twin.faults())
    def faults_end(self) -> None:
        self.twin.clear_faults()

    # the truth

    def is_true_when_quiet(self) -> None:
        self.twin.clear_faults()
        drain()
        for _ in range(2):
            run = self.look(full=True)
            assert run.error == ""
        for tenant in self.tenants:
            tenant.refresh_from_db()
            cloud, counts = cloud_of(tenant), {}
            for kind in KINDS:
                found = {item["id"]: item for item in kind.listing(cloud, tenant.backend_id)}
                counts[kind.word] = len(found)
                rows = {row.backend_id: row for row in kind.model._default_manager.filter(tenant=tenant)}
                known = {key for key, row in rows.items() if row.state == "OK"}
                gone = {key for key, row in rows.items() if kind.gone_columns and row.state == "ERRED"}
                assert known <= found.keys(), (kind.word, known - found.keys())
                assert found.keys() <= known | gone | self.forgotten(kind, found), (kind.word, found.keys() - known)
                for key in known:
                    columns = {**kind.columns(found[key]), **kind.compared(rows[key], found[key])}
                    assert {name: getattr(rows[key], name) for name in columns} == columns, kind.word
            lost = Volume.objects.filter(tenant=tenant, state="ERRED").count()
            used = usages(tenant)
            for name, word in COUNTED.items():
                extra = lost if name == "volumes" else 0
                assert used[name] == counts[word] + extra, (name, used[name], counts[word], extra)

    def audit_is_empty(self) -> None:
        """When somebody has given up the volumes that an administrator removed, for nothing goes by inference."""
        lost = Volume.objects.filter(tenant__in=self.tenants, state="ERRED", runtime_state__iexact="deleted")
        Removal(list(lost)).carry_out()
        new = self.findings().keys() - self.from_before.keys()
        assert not new, "\n".join(str(found) for key, found in self.findings().items() if key in new)

    def findings(self) -> dict[Any, Finding]:
        """What an example has left in the cloud stays there when its rows go: the next one knows it from the start."""
        found = audit(self.service_settings).findings
        return {(item.check, item.kind, item.uuid, item.backend_id, item.name): item for item in found}

    def forgotten(self, kind: Any, found: dict[str, Any]) -> set[str]:
        """Standing on their own, with our mark but without a row: they come back only when somebody imports them."""
        return {key for key, item in found.items() if not kind.sub_resource and kind.mark(item)}


def test_records_are_what_the_cloud_has_once_it_is_quiet(
    cast: Cast, service_settings: ServiceSettings, twin: TwinClient, tenant: Tenant
) -> None:
    World.cast, World.service_settings, World.twin = cast, service_settings, twin
    run_state_machine_as_test(
        World,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            print_blob=True,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
