"""Address blocks: each belongs to one network, whoever else is looking for one at that moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import BadInput
from waldur_site_agent_opennebula.core.networks import block_of
from waldur_site_agent_opennebula.core.subnets import free_block, overlaps, read_block

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order

POOL = IPv4Network("10.0.0.0/16")
blocks = st.builds(
    lambda prefix, place: IPv4Network((int(POOL[0]) + (place % 2 ** (prefix - 15)) * 2 ** (32 - prefix), prefix)),
    st.integers(17, 29),
    st.integers(0, 2**14),
)


@given(st.lists(blocks, max_size=30), st.integers(18, 29), st.integers(0, 20))
def test_a_free_block_is_in_the_pool_and_meets_nothing(taken: list[IPv4Network], prefix: int, skip: int) -> None:
    ranges = [(int(block[0]), int(block[-1])) for block in taken]
    try:
        found = free_block(POOL, prefix, ranges, skip)
    except BadInput:
        free = [block for block in POOL.subnets(new_prefix=prefix) if not overlaps(block, ranges)]
        assert len(free) <= skip
        return
    assert found.subnet_of(POOL)
    assert found.prefixlen == prefix
    assert not overlaps(found, ranges)


def test_the_lowest_free_block_is_taken_first() -> None:
    taken = [(int(IPv4Network("10.0.0.0/25")[0]), int(IPv4Network("10.0.1.0/25")[0]))]
    assert free_block(POOL, 24, taken) == IPv4Network("10.0.2.0/24")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10.0.0.0/33", "no IPv4 subnet"),
        ("banana", "no IPv4 subnet"),
        ("10.0.0.7/24", "no IPv4 subnet"),
        ("8.8.8.0/24", "not private"),
        ("10.0.0.0/30", "too small"),
        ("fd00::/64", "no IPv4 subnet"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named(text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=f"subnet_cidr: .*{sentence}"):
        read_block("subnet_cidr", text)


@pytest.mark.parametrize(
    "other",
    [
        'NETWORK_ADDRESS="10.0.0.0" NETWORK_MASK="255.254.0.0" AR=[TYPE="IP4",IP="10.0.0.9",SIZE="2"]',
        'AR=[TYPE="IP4",IP="10.0.0.200",SIZE="100"]',
    ],
    ids=["by its mask", "by its addresses"],
)
def test_networks_of_others_are_avoided_whatever_their_name_and_size(cloud: Cloud, other: str) -> None:
    cloud.daemon.once("vn.allocate", f'NAME="office" VN_MAD="bridge" BRIDGE="br5" {other}', -1)

    cloud.vdcs.create(order())

    vnet = cloud.pools.ours("vnets", "blue")
    assert vnet is not None
    assert str(block_of(vnet)) == ("10.2.0.0/24" if "NETWORK_MASK" in other else "10.0.2.0/24")


def test_a_wished_block_is_taken_or_refused(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    cloud.vdcs.create(order("first", subnet=IPv4Network("192.168.50.0/24")))
    before = inspect.objects()

    with pytest.raises(BadInput, match=r"subnet_cidr: 192.168.0.0/16 overlaps with another network"):
        cloud.vdcs.create(order("second", subnet=IPv4Network("192.168.0.0/16")))

    assert inspect.leftovers(before) == {}


def test_orders_at_the_same_time_get_different_blocks(twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient) -> None:
    names = [f"vdc{number}" for number in range(8)]
    inspect.add_fault("delay", operation="vn.allocate", times=0, seconds=0.05)

    with ThreadPoolExecutor(len(names)) as agents:
        list(agents.map(lambda name: connect(twin).vdcs.create(order(name)), names))

    found = [block_of(vnet) for vnet in connect(twin).pools.all("vnets") if vnet.name != "external"]
    assert len(found) == len(names)
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))


def test_two_orders_for_one_block_leave_it_to_one(twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient) -> None:
    wish = IPv4Network("192.168.7.0/24")
    inspect.add_fault("delay", operation="vn.allocate", times=0, seconds=0.2)

    def attempt(name: str) -> str:
        try:
            connect(twin).vdcs.create(order(name, subnet=wish))
        except BadInput as error:
            return str(error)
        return "made"

    with ThreadPoolExecutor(2) as agents:
        ends = sorted(agents.map(attempt, ["one", "two"]))

    assert ends[0] == "made"
    assert "subnet_cidr: 192.168.7.0/24 overlaps" in ends[1]
    assert len([vnet for vnet in connect(twin).pools.all("vnets") if vnet.name != "external"]) == 1
