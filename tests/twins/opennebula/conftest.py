"""One twin for all tests, reset for each; pyone speaks to it, as oneadmin or as a tenant's user."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyone
import pytest

from tests.twins.opennebula.wire import Daemon
from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient


@pytest.fixture(scope="session")
def shared_opennebula() -> Iterator[OpenNebulaTwin]:
    with OpenNebulaTwin(latency="instant") as twin:
        yield twin


@pytest.fixture
def twin(shared_opennebula: OpenNebulaTwin) -> OpenNebulaTwin:
    shared_opennebula.client.reset()
    shared_opennebula.client.set_latency("instant")
    return shared_opennebula


@pytest.fixture
def inspect(twin: OpenNebulaTwin) -> OpenNebulaTwinClient:
    return twin.client


@pytest.fixture
def daemon(twin: OpenNebulaTwin) -> Daemon:
    return Daemon(twin.endpoint)


@pytest.fixture
def one(twin: OpenNebulaTwin) -> Any:
    return server(twin, twin.session)


def server(twin: OpenNebulaTwin, session: str) -> Any:
    return pyone.OneServer(twin.endpoint, session=session)


@dataclass
class Tenant:
    """A group with a VDC and a user, and a network of its own."""

    gid: int
    vdc_id: int
    user_id: int
    network_id: int
    one: Any


@pytest.fixture
def tenant(twin: OpenNebulaTwin, one: Any) -> Tenant:
    gid = one.group.allocate("blue")
    vdc_id = one.vdc.allocate({"NAME": "blue"})
    one.vdc.addgroup(vdc_id, gid)
    one.vdc.addcluster(vdc_id, 0, 0)
    one.vdc.delgroup(0, gid)
    user_id = one.user.allocate("blue_admin", "pw", "core", [gid])
    network_id = add_network(one, "blue_internal")
    one.vn.chown(network_id, -1, gid)
    one.vn.chmod(network_id, 1, 1, 0, 1, 0, 0, 0, 0, 0)
    return Tenant(gid, vdc_id, user_id, network_id, server(twin, "blue_admin:pw"))


def add_network(one: Any, name: str, first_ip: str = "10.0.0.2", size: int = 10) -> int:
    template = f"""
        NAME="{name}" VN_MAD="vxlan" PHYDEV="eth0" AUTOMATIC_VLAN_ID="YES"
        NETWORK_ADDRESS="10.0.0.0" NETWORK_MASK="255.255.255.0" GATEWAY="10.0.0.1" DNS="8.8.8.8"
        AR=[TYPE="IP4",IP="{first_ip}",SIZE="{size}"]"""
    return int(one.vn.allocate(template, 0))


def listed(found: Any) -> list[Any]:
    """pyone gives a single object or a list, depending on its version."""
    return found if isinstance(found, list) else [] if found is None else [found]


def leases(one: Any, network_id: int) -> dict[str, str]:
    """The holders of a network's addresses: a machine's id, or ``vrouter 3``."""
    (address_range,) = listed(one.vn.info(network_id).AR_POOL.AR)
    found = listed(address_range.LEASES.LEASE)
    return {lease.IP: str(lease.VM) if lease.VM is not None else f"vrouter {lease.VROUTER}" for lease in found}


def state(one: Any, vm_id: int) -> tuple[int, int]:
    vm = one.vm.info(vm_id)
    return vm.STATE, vm.LCM_STATE


RUNNING, PENDING, POWEROFF, SUSPENDED, DONE = (3, 3), (1, 0), (8, 0), (5, 0), (6, 0)
ALPINE, ROUTER = 0, 1  # templates of a fresh cloud
EXTERNAL = 0  # and its network
