"""A cloud that says no for good: everything is undone, a person reads why, and once it is mended a retry succeeds."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.crash.crashing import Play
from tests.crash.scenarios import Stage
from tests.drive import drain
from tests.openstack.orders import operation_of, order_deletion, order_instance
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import retry
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack.models import FloatingIP, Instance, Port, Tenant, Volume

Break = Callable[[Stage, TwinClient], None]


def set_instance_quota(limit: int) -> Break:
    """The cloud's own quota of servers, which nobody told us of."""

    def change(stage: Stage, twin: TwinClient) -> None:
        stage.admin.compute.set_quotas(Tenant.objects.get().backend_id, {"instances": limit})

    return change


def fault(action: str, **rule: Any) -> Break:
    def break_it(stage: Stage, twin: TwinClient) -> None:
        twin.add_fault(action, times=0, **rule)

    return break_it


def no_fault(stage: Stage, twin: TwinClient) -> None:
    twin.clear_faults()


FAILURES = {
    "no host has room for the server": (
        fault("fail", transition="server.build", message="No valid host was found."),
        no_fault,
        "invalid",
        "The cloud could not build the server: No valid host was found.",
    ),
    "a volume ends in error": (
        fault("fail", transition="volume.create", message="disk full"),
        no_fault,
        "invalid",
        "The cloud could not create volume server-system (its state there is error). It says: disk full",
    ),
    "the cloud's quota is too small": (set_instance_quota(0), set_instance_quota(10), "quota", "Quota exceeded"),
    "ports are refused": (
        fault("status", operation="port.create", status=400, message="The subnet is full."),
        no_fault,
        "invalid",
        "The subnet is full.",
    ),
    "the service account loses its rights": (
        fault("status", operation="floatingip.create", status=403),
        no_fault,
        "auth",
        "Policy doesn't allow",
    ),
}


def usages(tenant: Tenant) -> dict[str, int]:
    return dict(counters.quotas_of(tenant).values_list("name", "usage"))


@pytest.mark.parametrize("reason", FAILURES)
def test_a_server_that_cannot_be_made_leaves_nothing_and_succeeds_later(
    reason: str, stage: Stage, twin: TwinClient
) -> None:
    break_it, mend_it, code, message = FAILURES[reason]
    play = Play("openstack.instance.create", stage, twin)
    break_it(stage, twin)

    drain()

    operation, instance = play.operation, play.row()
    assert operation.state == Operation.State.ERRED
    assert message in operation.error_message
    assert operation.error_code == code
    assert (instance.state, instance.error_message) == (CoreState.ERRED, operation.error_message)
    assert play.left_in_cloud() == {}

    mend_it(stage, twin)
    retry(operation, user=stage.cast.owner)
    drain()

    instance = play.row()
    assert (instance.state, instance.error_message, instance.runtime_state) == (CoreState.OK, "", "ACTIVE")
    made = play.left_in_cloud()
    assert [len(made[kind]) for kind in ("servers", "volumes", "ports", "floatingips")] == [1, 2, 2, 1]
    for model in (Volume, Port, FloatingIP):
        assert set(model.objects.values_list("state", flat=True)) == {CoreState.OK}


@pytest.mark.slow
def test_the_quotas_of_a_failed_server_come_back_with_its_deletion(stage: Stage, twin: TwinClient) -> None:
    twin.add_fault("fail", transition="server.build", message="No valid host was found.")
    tenant = stage.tenant()
    before = usages(tenant)
    instance = order_instance(tenant, stage.cast.owner)
    held = usages(tenant)
    drain()
    known_since = {"gigabytes_ssd": 3}  # the cloud has said of which type the volumes are
    assert usages(tenant) == {**held, **known_since}, "a retry needs them"
    assert held != before

    instance.refresh_from_db()
    order_deletion(instance, stage.cast.owner)
    drain()

    assert not Instance.objects.exists()
    assert usages(tenant) == before


@pytest.mark.slow
def test_a_cloud_that_is_dark_for_a_while_only_delays(stage: Stage, twin: TwinClient) -> None:
    play = Play("openstack.tenant.create", stage, twin)
    twin.go_dark(mode="refuse")
    with pytest.raises(AssertionError, match="cannot be reached"):
        drain(seconds=1)
    twin.light()

    drain()

    assert play.row().state == CoreState.OK


def test_a_tenant_whose_name_the_cloud_knows_already_takes_nothing_of_the_other(stage: Stage, twin: TwinClient) -> None:
    stage.admin.identity.create_project(name="tenant", domain_id="default")
    play = Play("openstack.tenant.create", stage, twin)

    drain()

    assert operation_of(play.subject).error_code == "conflict"
    assert play.left_in_cloud() == {}
    order_deletion(play.row(), stage.cast.owner)
    drain()
    assert not Tenant.objects.exists()
    assert [project["name"] for project in twin.objects("projects")["projects"]] == ["admin", "tenant"]
