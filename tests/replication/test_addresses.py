"""Addresses of one block in another: properties that hold for any blocks."""

from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from waldur_openstack_replication.addresses import Readdressing, default_pools, holds, is_private, within
from waldur_openstack_replication.planning.limits import by_types, mapped_limits, mapped_quotas, sold, unknown_types


@st.composite
def blocks(draw: Any, version: int) -> str:
    """A private block of any size."""
    outer = ip_network("10.0.0.0/8" if version == 4 else "fd00::/8")
    length = draw(st.integers(outer.prefixlen + 1, outer.max_prefixlen - 2))
    return str(ip_network((int(outer[0]) + (draw(st.integers(0, 2**20)) << (outer.max_prefixlen - length)) %
                           outer.num_addresses, length)))  # fmt: skip


@st.composite
def moves(draw: Any) -> tuple[str, str, int]:
    """From a block to another of the same version, and the number of a host in the first."""
    version = draw(st.sampled_from((4, 6)))
    src, dst = draw(blocks(version)), draw(blocks(version))
    return src, dst, draw(st.integers(0, min(ip_network(src).num_addresses, 2**40) - 1))


@given(moves())
def test_a_host_keeps_its_number_or_does_not_fit(move: tuple[str, str, int]) -> None:
    src, dst, number = move
    moved = Readdressing({src: dst}).address(str(ip_network(src)[number]))
    if number < ip_network(dst).num_addresses:
        assert moved == str(ip_network(dst)[number])
    else:
        assert moved is None


@given(moves())
def test_there_and_back_again_is_where_one_was(move: tuple[str, str, int]) -> None:
    src, dst, number = move
    own = str(ip_network(src)[number])
    there = Readdressing({src: dst}).address(own)
    assert there is None or Readdressing({dst: src}).address(there) == own


@given(moves(), st.integers(0, 32))
def test_parts_of_a_block_stay_parts_of_it(move: tuple[str, str, int], deeper: int) -> None:
    src, dst, number = move
    outer = ip_network(src)
    length = min(outer.prefixlen + deeper, outer.max_prefixlen)
    part = ip_network(f"{outer[number]}/{length}", strict=False)
    moved = Readdressing({src: dst}).block(str(part))
    if moved is not None and part != outer:
        assert ip_network(moved).prefixlen == part.prefixlen
        assert within(ip_network(moved), ip_network(dst))


@given(moves(), st.integers(0, 2**16), st.integers(0, 2**16))
def test_pools_are_inside_and_spare_the_gateway(move: tuple[str, str, int], start: int, length: int) -> None:
    src, dst, number = move
    block, target = ip_network(src), ip_network(dst)
    low, high = (min(value, block.num_addresses - 1) for value in (start, start + length))
    pool = {"start": str(block[low]), "end": str(block[high])}
    gateway = str(target[number % target.num_addresses])
    for found in Readdressing({src: dst}).pools(src, [pool], gateway):
        first, last = ip_address(found["start"]), ip_address(found["end"])
        assert int(first) <= int(last) and holds(target, first) and holds(target, last)
        assert src == dst or not int(first) <= int(ip_address(gateway)) <= int(last)


def test_what_is_in_no_mapped_block_stays() -> None:
    moved = Readdressing({"10.0.1.0/24": "192.168.1.0/24"})
    assert (moved.address("10.0.2.1"), moved.block("10.0.0.0/8")) == ("10.0.2.1", "10.0.0.0/8")
    assert (moved.address("fd00::1"), moved.block("::/0")) == ("fd00::1", "::/0")


def test_the_narrowest_block_counts() -> None:
    moved = Readdressing({"10.0.0.0/16": "172.16.0.0/16", "10.0.1.0/24": "192.168.1.0/24"})
    assert (moved.address("10.0.1.9"), moved.address("10.0.2.9")) == ("192.168.1.9", "172.16.2.9")


def test_pools_of_nothing_are_everything() -> None:
    assert default_pools(ip_network("10.0.0.0/29"), "10.0.0.1") == [{"start": "10.0.0.2", "end": "10.0.0.6"}]
    assert is_private(ip_network("fd12::/48")) and not is_private(ip_network("2001:db8::/32"))


def test_many_types_become_one_with_the_sum_of_their_limits() -> None:
    limits = {"cores": 4, "ram": 8192, "gigabytes_ssd": 10, "gigabytes_nvme": 5, "gigabytes_tape": 0, "storage": None}
    dynamic = mapped_limits(limits, {"ssd": "fast", "nvme": "fast"}, {"cores", "ram", "gigabytes_fast"})
    assert dynamic == {"cores": 4, "ram": 8192, "gigabytes_fast": 15}
    quotas = mapped_quotas(dynamic, {"instances": 7, "network_count": 50}, {}, {"fast", "slow"})
    assert (quotas["storage"], quotas["gigabytes_fast"], quotas["gigabytes_slow"]) == (15 * 1024, 15, 0)
    assert (quotas["vcpu"], quotas["instances"], quotas["network_count"]) == (4, 7, 50)


def test_storage_as_a_whole_is_the_sum_of_all_types() -> None:
    limits = {"cores": 4, "ram": 8192, "gigabytes_ssd": 10, "gigabytes_hdd": 20}
    assert mapped_limits(limits, {}, {"cores", "ram", "storage"}) == {"cores": 4, "ram": 8192, "storage": 30 * 1024}


def test_a_type_that_nobody_mapped_is_told() -> None:
    limits = mapped_limits({"gigabytes_ssd": 10, "gigabytes_x": 1}, {"ssd": "fast"}, {"gigabytes_fast"})
    assert unknown_types(limits, {"fast"}) == ["x"]


def test_unlimited_and_something_is_unlimited() -> None:
    source = {"gigabytes_a": -1, "gigabytes_b": 5, "gigabytes_c": 3}
    quotas = mapped_quotas({"cores": 1}, source, {"a": "x", "b": "x", "c": "y"}, {"x", "y"})
    assert (quotas["gigabytes_x"], quotas["gigabytes_y"]) == (-1, 3)


def test_components_of_types_are_counted_in_mebibytes() -> None:
    there = by_types({"cores": 2, "volume_type_ssd": 10240}, {"volume_type_ssd": "ssd"})
    assert there == {"cores": 2, "gigabytes_ssd": 10}
    assert sold({"cores": 2, "gigabytes_ssd": 10}) == {"cores": 2, "volume_type_ssd": 10240}
