"""A tenant's own network and its security group."""

from __future__ import annotations

import logging
import random
from ipaddress import IPv4Network
from typing import Any

from . import names
from .daemon import Daemon, wait_until
from .errors import BadInput, CloudError, NameTaken, Refused
from .markup import Thing, template
from .options import Network, Placement, Rule
from .pools import Pools
from .subnets import free_block, overlaps, taken_ranges

logger = logging.getLogger(__name__)

READY, ERROR = "1", "5"
NETWORK_SECONDS = 60.0
ROUNDS = 60  # how often a block may be snatched away by others before we give up
USED_BY_GROUP = (1, 1, 0, 1, 0, 0, 0, 0, 0)
EVERYTHING_OUT: Rule = {"PROTOCOL": "ALL", "RULE_TYPE": "OUTBOUND"}


class Networks:
    """Makes and removes the networks of tenants."""

    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools

    def ensure_security_group(self, backend_id: str, resource: str, rules: list[Rule], gid: int) -> Thing:
        """The rules as given; everything may leave unless a rule is about leaving."""
        if not any(rule["RULE_TYPE"] == "OUTBOUND" for rule in rules):
            rules = [*rules, EVERYTHING_OUT]
        name = names.security_group(backend_id)
        attributes = {"NAME": name, **names.tags(resource, backend_id), "RULE": rules}
        group = self.daemon.ensure(
            lambda: self._find("security_groups", name, resource),
            lambda: self._allocate_rules(attributes),
            f"security group {name}",
        )
        self._share("secgroup", group, gid)
        return group

    def _allocate_rules(self, attributes: dict[str, Any]) -> None:
        try:
            self.daemon.once("secgroup.allocate", template(attributes))
        except NameTaken:
            raise
        except Refused as error:
            raise BadInput("security_group_defaults", f"{error} Write ranges like 22:22 or 80,443.") from error

    def ensure_network(
        self, backend_id: str, resource: str, network: Network, placement: Placement, wish: IPv4Network | None
    ) -> Thing:
        """A VXLAN network whose addresses are nobody else's.

        OpenNebula reserves no blocks. So we make the network first and look then: of two that overlap, the one with
        the lower id was first, and the other one gives way.
        """
        name = names.internal_network(backend_id)
        for round_ in range(ROUNDS):
            made = self._make(name, backend_id, resource, network, placement, wish, round_)
            others = [other for other in self.pools.fresh("vnets") if other.id < made.id]
            block = block_of(made)
            rival = next((other for other in others if overlaps(block, taken_ranges(other))), None)
            if rival is None:
                return self._spread(self._ready(made), placement)
            logger.info("%s overlaps with network %s of others; it gives way.", block, rival.name)
            self.remove_network(made.id)
            if wish is not None:
                raise _taken(wish, rival)
        raise CloudError(f"No address block could be reserved for {name} in {ROUNDS} rounds.")

    def _make(
        self,
        name: str,
        backend_id: str,
        resource: str,
        network: Network,
        placement: Placement,
        wish: IPv4Network | None,
        round_: int,
    ) -> Thing:
        def make() -> None:
            block = self._choose(network, wish, round_)
            cluster = placement.cluster_ids[0] if placement.cluster_ids else -1
            self.daemon.once(
                "vn.allocate", template(self._attributes(name, backend_id, resource, network, block)), cluster
            )

        return self.daemon.ensure(lambda: self._find("vnets", name, resource), make, f"network {name}")

    def _choose(self, network: Network, wish: IPv4Network | None, round_: int) -> IPv4Network:
        taken = [(each, other) for other in self.pools.fresh("vnets") for each in taken_ranges(other)]
        if wish is None:
            skip = random.randrange(round_ * 8) if round_ else 0  # others look for a block at the same moment
            return free_block(network.pool, network.prefix, [each for each, _ in taken], skip)
        for each, other in taken:
            if overlaps(wish, [each]):
                raise _taken(wish, other)
        return wish

    def _attributes(
        self, name: str, backend_id: str, resource: str, network: Network, block: IPv4Network
    ) -> dict[str, object]:
        """The address range starts with the gateway: the router has to get it."""
        return {
            "NAME": name,
            **names.tags(resource, backend_id),
            "VN_MAD": "vxlan",
            "PHYDEV": network.phydev,
            "AUTOMATIC_VLAN_ID": "YES",
            "NETWORK_ADDRESS": block.network_address,
            "NETWORK_MASK": block.netmask,
            "GATEWAY": block[1],
            "DNS": network.dns,
            "AR": {"TYPE": "IP4", "IP": block[1], "SIZE": block.num_addresses - 2},
        }

    def _ready(self, made: Thing) -> Thing:
        def look() -> Thing | None:
            now = Thing(self.daemon.read("vn.info", made.id))
            if now.text("STATE") == ERROR:
                raise CloudError(f"OpenNebula could not make network {made.name}: {now.note('ERROR')}")
            return now if now.text("STATE") == READY else None

        return wait_until(look, f"Making network {made.name}", NETWORK_SECONDS)

    def _spread(self, vnet: Thing, placement: Placement) -> Thing:
        """Into all clusters of its VDC: a machine is placed only where its network is."""
        for cluster in placement.cluster_ids:
            if cluster not in vnet.ids("CLUSTERS/ID"):
                self.daemon.insist("cluster.addvnet", cluster, vnet.id, unless="already")
        return vnet

    def guard(self, vnet: Thing, group: Thing, gid: int) -> None:
        """Only the security group filters; OpenNebula adds one that lets everything in."""
        if vnet.text("TEMPLATE/SECURITY_GROUPS") != str(group.id):
            self.daemon.insist("vn.update", vnet.id, template({"SECURITY_GROUPS": group.id}), 1)
        self.share_network(vnet, gid)

    def share_network(self, vnet: Thing, gid: int) -> None:
        self._share("vn", vnet, gid)

    def _share(self, kind: str, thing: Thing, gid: int) -> None:
        if thing.gid != gid:
            self.daemon.insist(f"{kind}.chown", thing.id, -1, gid)
        if thing.text("PERMISSIONS/GROUP_U") != "1":
            self.daemon.insist(f"{kind}.chmod", thing.id, *USED_BY_GROUP)

    def remove_network(self, vnet_id: int) -> None:
        """Gone, or refused with a sentence when addresses are in use."""

        def look() -> bool | None:
            found = next((net for net in self.pools.fresh("vnets") if net.id == vnet_id), None)
            if found is None:
                return True
            if found.text("STATE") in (READY, ERROR):
                self.daemon.remove("vn.delete", vnet_id, unless="leases in use")  # of machines that are ending
            return None

        wait_until(look, f"Deleting network {vnet_id}", NETWORK_SECONDS)

    def _find(self, kind: str, name: str, resource: str) -> Thing | None:
        """Ours of that name. Another one of that name is not adopted."""
        return next((thing for thing in self.pools.owned(kind, resource) if thing.name == name), None)


def block_of(vnet: Thing) -> IPv4Network:
    return IPv4Network(f"{vnet.text('TEMPLATE/NETWORK_ADDRESS')}/{vnet.text('TEMPLATE/NETWORK_MASK')}")


def _taken(wish: IPv4Network, other: Thing) -> BadInput:
    return BadInput("subnet_cidr", f"{wish} overlaps with another network (id {other.id}). Choose another subnet.")
