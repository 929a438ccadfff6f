"""The plugin on a real OpenNebula (6.10, 7.2, 7.4), or on a twin. Makes everything it needs, and cleans up.

OPENNEBULA_INTEGRATION_TESTS=true OPENNEBULA_API_URL=http://host:2633/RPC2 OPENNEBULA_CREDENTIALS=oneadmin:password
Optional: OPENNEBULA_CLUSTER_IDS=0,100  OPENNEBULA_VM_TEMPLATE_ID=0  OPENNEBULA_DATASTORE_ID=1
OPENNEBULA_VXLAN_PHYDEV=eth0
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyone
import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.daemon import wait_until
from waldur_site_agent_opennebula.core.errors import CloudError, InUse, NameTaken
from waldur_site_agent_opennebula.core.markup import Thing, template
from waldur_site_agent_opennebula.core.networks import block_of
from waldur_site_agent_opennebula.core.options import read_network, read_placement
from waldur_site_agent_opennebula.core.vdcs import Order
from waldur_site_agent_opennebula.vdc_offering import VdcOffering
from waldur_site_agent_opennebula.vm_offering import VmOffering
from waldur_site_agent_opennebula.wanted import Wanted

ENABLED = os.environ.get("OPENNEBULA_INTEGRATION_TESTS", "").lower() in ("true", "1", "yes")
pytestmark = [
    pytest.mark.skipif(not ENABLED, reason="needs OpenNebula: set the three OPENNEBULA_… variables"),
    pytest.mark.timeout(600),
]
URL = os.environ.get("OPENNEBULA_API_URL", "")
CREDENTIALS = os.environ.get("OPENNEBULA_CREDENTIALS", "")
CLUSTERS = [int(each) for each in os.environ.get("OPENNEBULA_CLUSTER_IDS", "0").split(",") if each.strip()]
STORE = int(os.environ.get("OPENNEBULA_DATASTORE_ID", "1"))
GIVEN_TEMPLATE = os.environ.get("OPENNEBULA_VM_TEMPLATE_ID", "")
PHYDEV = os.environ.get("OPENNEBULA_VXLAN_PHYDEV", "eth0")
RUN = f"waldur-test-{secrets.token_hex(3)}"  # nothing of an earlier run, or of others, has this in its name
LIMITS = {"cpu": 4, "ram": 4096, "storage": 20480, "floating_ip": 1}
SIZE = {"vcpu": 1, "vm_ram": 128, "vm_disk": 128}
MORE_DISK = 64
PLAIN = {name: {"unit_factor": 1.0} for name in (*LIMITS, *SIZE)}


@dataclass
class Ground:
    """What a provider would have: a network to the outside, an image, templates for routers and machines."""

    external: int
    router_template: int
    vm_template: int
    size: dict[str, int]  # of a machine that the template allows


def connect() -> Cloud:
    return Cloud({"api_url": URL, "credentials": CREDENTIALS})


@pytest.fixture
def cloud() -> Cloud:
    return connect()


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    cloud, undo = connect(), contextlib.ExitStack()
    with undo:
        image = make(cloud, undo, "image", {"NAME": RUN, "TYPE": "DATABLOCK", "SIZE": 64}, STORE, False)
        network = {
            "NAME": RUN,
            "VN_MAD": "dummy",
            "BRIDGE": "waldur0",
            "GATEWAY": "198.51.100.1",
            "NETWORK_ADDRESS": "198.51.100.0",
            "NETWORK_MASK": "255.255.255.0",
            "AR": {"TYPE": "IP4", "IP": "198.51.100.10", "SIZE": 20},
        }
        external = make(cloud, undo, "vn", network, CLUSTERS[0])
        for cluster in CLUSTERS[1:]:
            cloud.daemon.insist("cluster.addvnet", cluster, external)
        wait_until(lambda: is_ready(cloud, "image.info", image), "the image", 60)
        wait_until(lambda: is_ready(cloud, "vn.info", external), "the network", 60)
        machine = {"CPU": 1, "VCPU": 1, "MEMORY": 128, "DISK": {"IMAGE_ID": image}, "CONTEXT": {"NETWORK": "YES"}}
        router = make(cloud, undo, "template", {"NAME": f"{RUN}-router", "VROUTER": "YES", **machine})
        vm = int(GIVEN_TEMPLATE) if GIVEN_TEMPLATE else make(cloud, undo, "template", {"NAME": f"{RUN}-vm", **machine})
        yield Ground(external, router, vm, {**SIZE, "vm_disk": max(SIZE["vm_disk"], disk_of(cloud, vm))})


def make(cloud: Cloud, undo: contextlib.ExitStack, kind: str, attributes: dict[str, Any], *more: Any) -> int:
    made = int(cloud.daemon.once(f"{kind}.allocate", template(attributes), *more))

    def remove() -> bool | None:
        try:
            cloud.daemon.remove(f"{kind}.delete", made, *([False] if kind in ("image", "template") else []))
        except CloudError:
            return None  # a machine that ends still holds it
        return True

    undo.callback(wait_until, remove, f"removing {kind} {made}", 120)
    return made


def disk_of(cloud: Cloud, template_id: int) -> int:
    """MB of the image that a template's first disk is made of; no machine may have less."""
    disk = Thing(cloud.daemon.read("template.info", template_id, True, False)).vector("TEMPLATE/DISK")
    return int(disk.get("SIZE", 0))


def is_ready(cloud: Cloud, method: str, object_id: int) -> bool | None:
    return Thing(cloud.daemon.read(method, object_id)).text("STATE") == "1" or None


@pytest.fixture
def order(ground: Ground, request: pytest.FixtureRequest) -> Iterator[Order]:
    """One VDC per test; removed with its machines whatever happened."""
    name = f"{RUN}-{secrets.token_hex(2)}"
    options = {
        "external_network_id": ground.external,
        "virtual_router_template_id": ground.router_template,
        "vxlan_phydev": PHYDEV,
        "cluster_ids": CLUSTERS,
        "security_group_defaults": [
            {"direction": "INBOUND", "protocol": "TCP", "range": "22:22"},
            {"direction": "INBOUND", "protocol": "ICMP", "type": "8"},
        ],
    }
    yield Order(
        backend_id=name,
        resource=secrets.token_hex(16),
        limits=LIMITS,
        placement=read_placement(options),
        network=read_network(options),
        with_user=True,
        external_network_id=ground.external,
    )
    remove(connect(), name)


def remove(cloud: Cloud, name: str) -> None:
    vdc = cloud.vdcs.find(name)
    if vdc is None:
        return
    group = cloud.vdcs.group_of(vdc)
    for vm in cloud.pools.all("vms"):
        if group is not None and vm.gid == group.id:
            cloud.machines.delete(vm)
    cloud.vdcs.delete(vdc)


def get(cloud: Cloud, name: str) -> Thing:
    cloud.pools.forget()
    vdc = cloud.vdcs.find(name)
    assert vdc is not None
    return vdc


def user_of(name: str) -> Any:
    metadata = VdcOffering(connect(), {}).metadata(name)
    session = f"{metadata['opennebula_username']}:{metadata['opennebula_password']}"
    return pyone.OneServer(URL, session=session)


def small(cloud: Cloud, name: str) -> str:
    vnet = cloud.pools.ours("vnets", name)
    assert vnet is not None
    return template({"NAME": f"{name}-vm", "CPU": 1, "MEMORY": 64, "NIC": {"NETWORK_ID": vnet.id}})


class TestVDCLifecycle:
    def test_connectivity(self, cloud: Cloud) -> None:
        assert cloud.daemon.insist("system.version")

    def test_create_and_delete(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)

        vdc = get(cloud, order.backend_id)
        group = cloud.vdcs.group_of(vdc)
        assert group is not None
        assert vdc.ids("GROUPS/ID") == [group.id]
        assert sorted(vdc.ids("CLUSTERS/CLUSTER/CLUSTER_ID")) == sorted(CLUSTERS)
        router = cloud.pools.ours("routers", order.backend_id)
        assert router is not None
        cloud.machines.wait_running(router.ids("VMS/ID")[0])

        cloud.vdcs.delete(vdc)
        for kind in ("vdcs", "groups", "vnets", "routers", "security_groups"):
            assert cloud.pools.ours(kind, order.backend_id) is None

    def test_quotas_are_set_and_updated(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)
        offering = VdcOffering(cloud, {})
        assert offering.limits(order.backend_id) == LIMITS

        offering.set_limits(order.backend_id, {"cpu": 2, "ram": 1024}, PLAIN)

        assert offering.limits(order.backend_id) == {**LIMITS, "cpu": 2, "ram": 1024}

    def test_the_user_signs_in_and_makes_a_machine(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)
        user = user_of(order.backend_id)

        user.vm.allocate(small(cloud, order.backend_id), False)

        cloud.pools.forget()
        used = VdcOffering(cloud, {}).usage(order.backend_id)
        assert used == {"cpu": 1, "ram": 64, "storage": 0, "floating_ip": 0}

    def test_quotas_are_enforced(self, cloud: Cloud, order: Order, ground: Ground) -> None:
        cloud.vdcs.create(replace(order, limits={**LIMITS, "storage": 100}))
        user = user_of(order.backend_id)
        with pytest.raises(pyone.OneException, match="CPU"):
            user.vm.allocate('CPU="99" MEMORY="64"', False)
        with pytest.raises(pyone.OneException, match="DATASTORE"):
            user.image.allocate(f'NAME="{order.backend_id}-big" TYPE="DATABLOCK" SIZE="200"', STORE)
        with pytest.raises(pyone.OneException, match="SYSTEM_DISK_SIZE"):
            user.vm.allocate('CPU="1" MEMORY="64" DISK=[TYPE="fs",SIZE="200"]', False)

    def test_the_network_has_only_our_rules(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)

        rules = cloud.pools.ours("security_groups", order.backend_id)
        vnet = cloud.pools.ours("vnets", order.backend_id)
        assert rules is not None
        assert vnet is not None
        assert vnet.text("TEMPLATE/SECURITY_GROUPS") == str(rules.id)

    def test_a_new_password_ends_the_old_one(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)
        old = user_of(order.backend_id)

        VdcOffering(connect(), {}).renew_password(order.backend_id, "a request")

        assert user_of(order.backend_id).user.info(-1).NAME
        with pytest.raises(pyone.OneAuthenticationException):
            old.user.info(-1)

    def test_a_vdc_in_use_is_not_deleted(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)
        user_of(order.backend_id).vm.allocate(small(cloud, order.backend_id), False)

        with pytest.raises(InUse):
            cloud.vdcs.delete(get(cloud, order.backend_id))

        assert user_of(order.backend_id).user.info(-1).NAME


class TestIdempotentCreate:
    def test_again_is_the_same(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)
        first = VdcOffering(cloud, {}).metadata(order.backend_id)

        connect().vdcs.create(order)

        assert VdcOffering(connect(), {}).metadata(order.backend_id) == first

    def test_another_resource_of_the_name_is_refused(self, cloud: Cloud, order: Order) -> None:
        cloud.vdcs.create(order)
        with pytest.raises(NameTaken):
            connect().vdcs.create(replace(order, resource=secrets.token_hex(16)))

    def test_subnets_differ(self, cloud: Cloud, order: Order) -> None:
        other = replace(order, backend_id=f"{order.backend_id}-b", resource=secrets.token_hex(16))
        try:
            cloud.vdcs.create(order)
            connect().vdcs.create(other)
            cloud.pools.forget()
            vnets = [cloud.pools.ours("vnets", each.backend_id) for each in (order, other)]
            one, two = (block_of(vnet) for vnet in vnets if vnet is not None)
            assert not one.overlaps(two)
        finally:
            remove(connect(), other.backend_id)


class TestVMLifecycle:
    def wanted(self, order: Order, ground: Ground) -> Wanted:
        return Wanted(
            backend_id=f"{order.backend_id}-vm",
            resource=secrets.token_hex(16),
            name="vm",
            limits={},
            attributes={"ssh_public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGr test"},
            options={"parent_vdc_backend_id": order.backend_id, "template_id": ground.vm_template},
            components=PLAIN,
            plan_quotas=ground.size,
        )

    def test_create_resize_pause_and_delete(self, cloud: Cloud, order: Order, ground: Ground) -> None:
        cloud.vdcs.create(order)
        wanted = self.wanted(order, ground)
        offering = VmOffering(cloud, {})
        metadata = offering.create(wanted)
        assert metadata["ip_address"]
        assert offering.limits(wanted.backend_id) == ground.size

        larger = {"vcpu": 2, "vm_ram": 256, "vm_disk": ground.size["vm_disk"] + MORE_DISK}
        offering.set_limits(wanted.backend_id, larger, PLAIN)
        assert offering.limits(wanted.backend_id) == larger
        used = offering.usage(wanted.backend_id)
        assert used is not None
        assert used["vm_disk"] >= larger["vm_disk"]  # the template may have further disks

        assert offering.pause(wanted.backend_id)
        vm = int(metadata["vm_id"])
        wait_until(lambda: cloud.machines.read(vm).text("STATE") == "5" or None, "the machine to be suspended", 60)
        assert offering.restore(wanted.backend_id)
        cloud.machines.wait_running(vm)

        offering.delete(wanted.backend_id)
        assert not offering.exists(wanted.backend_id)
