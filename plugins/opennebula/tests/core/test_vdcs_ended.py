"""The end of a virtual data center: what holds it back, what is waited for, what is left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import CloudError, InUse
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .tenant import TEMPLATE, as_user, found, network


def test_a_vdc_with_machines_is_not_destroyed(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    cloud.vdcs.create(order())
    as_user(twin, cloud).template.instantiate(TEMPLATE, "precious", False, network(cloud))
    before = inspect.objects()

    with pytest.raises(InUse, match="precious"):
        cloud.vdcs.delete(found(cloud))

    assert inspect.objects() == before


def test_a_machine_made_while_its_vdc_is_being_deleted_is_not_destroyed(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    """Behind the first look. It is in no network, so that nothing else would hold the VDC back."""
    before = inspect.objects()
    cloud.vdcs.create(order())
    user = as_user(twin, cloud)
    whole = inspect.objects()
    inspect.add_fault("hold_before", operation="vdc.update")
    with ThreadPoolExecutor() as pool:
        deletion = pool.submit(cloud.vdcs.delete, found(cloud))
        inspect.wait_held()
        vm = user.template.instantiate(TEMPLATE, "precious", False, "")
        inspect.release()
        with pytest.raises(InUse, match=r"precious .* only its user is gone so far"):
            deletion.result()
    now = inspect.objects()
    assert {kind: now[kind] for kind in ("groups", "vdcs", "vnets")} == {
        kind: whole[kind] for kind in ("groups", "vdcs", "vnets")
    }

    cloud.daemon.once("vm.action", "terminate-hard", vm)
    cloud.vdcs.delete(found(cloud))
    assert inspect.leftovers(before) == {}


def test_a_machine_of_others_in_its_network_holds_a_vdc_back(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    cloud.vdcs.create(order())
    cloud.daemon.once("vm.allocate", f'NAME="guest" CPU="1" MEMORY="64" {network(cloud)}', False)
    before = inspect.objects()

    with pytest.raises(InUse, match="guest"):
        cloud.vdcs.delete(found(cloud))

    assert inspect.objects() == before


def test_templates_and_rules_of_tenants_hold_a_vdc_back(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    """Nobody would own them, and nobody see them. What the provider lets the tenants use is his matter."""
    cloud.vdcs.create(order())
    user, group = as_user(twin, cloud), cloud.pools.named("groups", "blue")
    assert group is not None
    provided = int(cloud.daemon.once("template.allocate", 'NAME="provided" CPU="1" MEMORY="64"'))
    cloud.daemon.once("template.chown", provided, -1, group.id)
    template = user.template.allocate('NAME="mine" CPU="1" MEMORY="64"')
    rules = user.secgroup.allocate('NAME="my-rules"')
    before = inspect.objects()

    with pytest.raises(InUse, match=r"holds template mine \(id \d+\), security group my-rules \(id \d+\)\. Delete"):
        cloud.vdcs.delete(found(cloud))
    assert inspect.objects() == before

    user.template.delete(template, False)
    user.secgroup.delete(rules)
    cloud.vdcs.delete(found(cloud))
    assert cloud.vdcs.find("blue") is None


def test_a_user_who_is_also_in_its_group_holds_a_vdc_back(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    """OpenNebula deletes no group that has users; found out at the end, everything else would be gone."""
    cloud.vdcs.create(order())
    group = cloud.pools.named("groups", "blue")
    assert group is not None
    guest = int(cloud.daemon.once("user.allocate", "guest", "secret-1", "core", [1]))
    cloud.daemon.once("user.addgroup", guest, group.id)
    before = inspect.objects()

    with pytest.raises(InUse, match="still holds user guest"):
        cloud.vdcs.delete(found(cloud))
    assert inspect.objects() == before


def test_machines_that_are_ending_are_waited_for(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    before = inspect.objects()
    cloud.vdcs.create(order())
    user = as_user(twin, cloud)
    vm = user.template.instantiate(TEMPLATE, "web", False, network(cloud))
    inspect.set_latency({"vm.epilog": 0.3, "*": 0.0})
    user.vm.action("terminate-hard", vm)

    cloud.vdcs.delete(found(cloud))

    assert inspect.leftovers(before) == {}


def test_what_is_left_of_a_vdc_that_was_deleted_by_hand_is_ended(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    before = inspect.objects()
    cloud.vdcs.create(order())
    vm = as_user(twin, cloud).template.instantiate(TEMPLATE, "precious", False, "")
    cloud.daemon.once("vdc.delete", found(cloud).id)

    with pytest.raises(InUse, match="still holds machine precious"):
        VdcOffering(connect(twin), {}).delete("blue")
    cloud.daemon.once("vm.action", "terminate-hard", vm)
    VdcOffering(connect(twin), {}).delete("blue")

    assert inspect.leftovers(before) == {}
    VdcOffering(connect(twin), {}).delete("blue")
    assert inspect.leftovers(before) == {}


def test_a_half_deleted_vdc_is_deleted_to_the_end(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    before = inspect.objects()
    cloud.vdcs.create(order())
    inspect.refuse("group.delete")
    with pytest.raises(CloudError):
        cloud.vdcs.delete(found(cloud))

    again = connect(twin)
    again.vdcs.delete(found(again))

    assert inspect.leftovers(before) == {}
