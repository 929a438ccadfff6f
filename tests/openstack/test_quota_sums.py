"""Whatever people do, refused or not: usages are the sums of the rows and stay below the limits, totals are the sums of
the tenants, and a pull of what the cloud counts changes nothing."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import usages
from tests.openstack.behind import cloud_of, pulled
from tests.openstack.worlds import contents, fill
from twins.openstack import OpenStackTwin
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import workflow_named
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import FloatingIP, Network, Port, Snapshot, SubNet, Tenant, Volume, VolumeType
from waldur_openstack.quotas import totals
from waldur_openstack.workflows.growth import GrowingWorkflow

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LIMITS = {"volumes": 3, "storage": 6144, "gigabytes_ssd": 3, "snapshots": 1, "floating_ip_count": 1,
          "network_count": 2, "subnet_count": 2, "port_count": 4}  # fmt: skip


class Hand:
    """One person's requests; what is not there to act on, or does not fit, is refused, and that is fine."""

    def __init__(self, cast: Cast, tenant: Tenant) -> None:
        self.client, self.tenant = client_of(cast.owner), tenant

    def post(self, path: str, body: Any = None) -> int:
        return int(self.client.post(f"/api/openstack-{path}", body or {}, format="json").status_code)

    def last(self, model: Any) -> Any:
        return model.objects.filter(tenant=self.tenant).order_by("pk").last()

    def on(self, model: Any, kind: str, action: str, body: Any = None) -> int:
        row = self.last(model)
        return self.post(f"{kind}/{row.uuid.hex}/{action}/", body) if row else 404

    def remove(self, model: Any, kind: str) -> int:
        row = self.last(model)
        return int(self.client.delete(f"/api/openstack-{kind}/{row.uuid.hex}/").status_code) if row else 404

    def volume(self, gigabytes: int, type_name: str) -> int:
        body = {"name": "v", "size": gigabytes * 1024, "tenant": self.tenant.uuid.hex}
        return self.post("volumes/", {**body, "type": type_named(type_name)})


def type_named(name: str) -> str:
    return str(VolumeType.objects.get(name=name).uuid.hex)


ACTIONS = {
    "ssd volume": lambda hand, size: hand.volume(size, "ssd"),
    "hdd volume": lambda hand, size: hand.volume(size, "hdd"),
    "extend": lambda hand, size: hand.on(Volume, "volumes", "extend", {"disk_size": size * 2048}),
    "retype": lambda hand, _: hand.on(Volume, "volumes", "retype", {"type": type_named("ssd")}),
    "snapshot": lambda hand, _: hand.on(Volume, "volumes", "snapshot", {"name": "s"}),
    "restore": lambda hand, _: hand.on(Snapshot, "snapshots", "restore", {"name": "r"}),
    "delete snapshot": lambda hand, _: hand.remove(Snapshot, "snapshots"),
    "delete volume": lambda hand, _: hand.remove(Volume, "volumes"),
    "floating ip": lambda hand, _: hand.post(f"tenants/{hand.tenant.uuid.hex}/create_floating_ip/"),
    "release": lambda hand, _: hand.remove(FloatingIP, "floating-ips"),
    "network": lambda hand, _: hand.post(f"tenants/{hand.tenant.uuid.hex}/create_network/", {"name": "n"}),
    "subnet": lambda hand, size: hand.on(
        Network, "networks", "create_subnet", {"name": "s", "cidr": f"10.{size}.0.0/24"}
    ),
    "port": lambda hand, _: hand.post(
        "ports/", {"name": "p", "network": hand.last(Network).uuid.hex, "tenant": hand.tenant.uuid.hex}
    ),
    "disconnect": lambda hand, _: hand.on(SubNet, "subnets", "disconnect"),
    "connect": lambda hand, _: hand.on(SubNet, "subnets", "connect"),
    "delete port": lambda hand, _: hand.remove(Port, "ports"),
    "delete network": lambda hand, _: hand.remove(Network, "networks"),
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(1, 4), st.booleans()), min_size=4, max_size=14)


def growing() -> list[dict[str, int]]:
    """What has been taken for volumes that are still to grow."""
    live = Operation.objects.filter(state__in=Operation.LIVE)
    found = [(workflow_named(operation.workflow), operation) for operation in live]
    return [
        workflow.growth(operation.subject, operation.parameters)
        for workflow, operation in found
        if isinstance(workflow, GrowingWorkflow)
    ]


def check(tenant: Tenant, cast: Cast) -> None:
    used, counted = usages(tenant), quotas.added(quotas.of_rows(tenant), *growing())
    assert used == {name: counted.get(name, 0) for name in used}
    limits = dict(counters.quotas_of(tenant).values_list("name", "limit"))
    assert all(limits[name] == -1 or usage <= limits[name] for name, usage in used.items() if name in LIMITS)
    for scope, names in ((cast.project, totals.OF_TEAMS), (cast.customer, totals.OF_TEAMS),
                         (tenant.service_settings, totals.OF_CLOUDS)):  # fmt: skip
        for total, name in names.items():
            assert totals.total(scope, total) == used[name]


@settings(
    max_examples=8,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_usages_are_sums_whatever_is_done(
    cast: Cast, tenant: Tenant, running_twin: OpenStackTwin, steps: list[tuple[str, int, bool]]
) -> None:
    cloud = contents(running_twin)
    try:
        with transaction.atomic():
            play(cast, tenant, steps)
            transaction.set_rollback(True)
    finally:
        fill(running_twin, cloud)


def play(cast: Cast, tenant: Tenant, steps: list[tuple[str, int, bool]]) -> None:
    counters.set_limits(tenant, {**LIMITS})
    hand = Hand(cast, tenant)
    for action, size, waits in steps:
        assert ACTIONS[action](hand, size) < 500
        check(tenant, cast)
        if waits:
            drain()
            check(tenant, cast)
    drain()
    check(tenant, cast)
    before = usages(tenant)
    pulled(cast, tenant, "pull_quotas")
    assert usages(tenant) == before
    assert cloud_of(tenant).block_storage.quotas(tenant.backend_id)["gigabytes"]["in_use"] * 1024 == before["storage"]
