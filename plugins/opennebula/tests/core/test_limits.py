"""Limits that OpenNebula itself enforces, and what counts as use."""

from __future__ import annotations

from typing import Any

import pyone
import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import BadInput
from waldur_site_agent_opennebula.core.markup import Thing
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import order
from .tenant import TEMPLATE, as_user

NO_DISK = 'CPU="1" MEMORY="128" NIC=[NETWORK_ID="{}"]'
SMALL = {"cpu": 2, "ram": 4096, "storage": 3000, "floating_ip": 1}


@pytest.fixture
def user(cloud: Cloud, twin: OpenNebulaTwin) -> Any:
    cloud.vdcs.create(order(limits=SMALL))
    return as_user(twin, cloud)


def networks(cloud: Cloud) -> tuple[int, int]:
    vnet = cloud.pools.ours("vnets", "blue")
    assert vnet is not None
    return vnet.id, 0


def usage(cloud: Cloud) -> dict[str, float]:
    cloud.pools.forget()
    found = VdcOffering(cloud, {}).usage("blue")
    assert found is not None
    return found


def test_cores_and_memory_are_limited(user: Any) -> None:
    with pytest.raises(pyone.OneAuthorizationException, match="limit of 2 reached for CPU"):
        user.vm.allocate('CPU="3" MEMORY="128"', False)
    with pytest.raises(pyone.OneAuthorizationException, match="limit of 4096 reached for MEMORY"):
        user.vm.allocate('CPU="1" MEMORY="5000"', False)


def test_images_are_limited_in_every_datastore(user: Any) -> None:
    for store, sort in ((1, "DATABLOCK"), (2, "CONTEXT")):
        with pytest.raises(pyone.OneAuthorizationException, match=f"SIZE quota in DATASTORE with ID: {store}"):
            user.image.allocate(f'NAME="big{store}" TYPE="{sort}" SIZE="4000"', store)


def test_the_disks_of_machines_are_limited(user: Any) -> None:
    with pytest.raises(pyone.OneAuthorizationException, match="SYSTEM_DISK_SIZE"):
        user.vm.allocate('CPU="1" MEMORY="128" DISK=[TYPE="fs",SIZE="4000"]', False)


def test_floating_ips_are_limited_and_private_addresses_are_not(cloud: Cloud, user: Any) -> None:
    inside, outside = networks(cloud)
    user.vm.allocate(NO_DISK.format(outside), False)
    with pytest.raises(pyone.OneAuthorizationException, match="LEASES quota in NETWORK with ID: 0"):
        user.vm.allocate(NO_DISK.format(outside), False)

    user.vm.allocate(NO_DISK.format(inside), False)

    assert usage(cloud)["floating_ip"] == 1


def test_use_counts_machines_their_disks_and_images(cloud: Cloud, user: Any) -> None:
    assert usage(cloud) == {"cpu": 0, "ram": 0, "storage": 0, "floating_ip": 0}

    user.template.instantiate(TEMPLATE, "web", False, "")
    disk = Thing(cloud.daemon.read("vm.info", 1)).number("TEMPLATE/DISK/SIZE")
    user.image.allocate('NAME="data" TYPE="DATABLOCK" SIZE="500"', 1)

    used = usage(cloud)
    assert disk > 0
    assert used == {"cpu": 1, "ram": 512, "storage": disk + 500, "floating_ip": used["floating_ip"]}


def test_other_limits_of_the_group_are_kept(cloud: Cloud, user: Any) -> None:
    group = cloud.pools.named("groups", "blue")
    assert group is not None
    cloud.daemon.insist("group.quota", group.id, 'VM=[CPU="2",MEMORY="4096",SYSTEM_DISK_SIZE="3000",VMS="7"]')
    cloud.pools.forget()

    VdcOffering(cloud, {}).set_limits("blue", {"cpu": 5}, {"cpu": {}})

    group = cloud.pools.named("groups", "blue")
    assert group is not None
    quota = Thing(group.quotas)
    assert [quota.text(f"VM_QUOTA/VM/{name}") for name in ("CPU", "MEMORY", "VMS")] == ["5", "4096", "7"]


def test_limits_are_converted_both_ways(cloud: Cloud, user: Any) -> None:
    gigabytes = {"ram": {"unit_factor": 1024.0}, "storage": {"unit_factor": 1024.0}, "cpu": {}}
    offering = VdcOffering(cloud, {})

    offering.set_limits("blue", {"ram": 4, "storage": 10, "cpu": 2}, gigabytes)

    assert offering.limits("blue") == {"cpu": 2, "ram": 4096, "storage": 10240, "floating_ip": 1}
    assert not offering.keep_limits("blue", {"ram": 4, "storage": 10, "cpu": 2}, gigabytes)


def test_limits_changed_behind_our_back_are_put_back(cloud: Cloud, user: Any) -> None:
    offering = VdcOffering(cloud, {})
    group = cloud.pools.named("groups", "blue")
    assert group is not None
    cloud.daemon.insist("group.quota", group.id, 'NETWORK=[ID="0",LEASES="50"]')
    cloud.pools.forget()

    assert offering.keep_limits("blue", SMALL, {name: {} for name in SMALL})
    assert offering.limits("blue")["floating_ip"] == 1


def test_a_component_without_a_quota_is_named(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()
    with pytest.raises(BadInput, match="gpu: no such quota exists"):
        cloud.vdcs.create(order(limits={"gpu": 1}))
    assert inspect.leftovers(before) == {}
