"""Virtual data centers: a group and a VDC of its own, limits, and a network when the offering has one made.

Making one may stop at any line and be begun again: each line first looks for what an earlier attempt has made. The VDC
comes first: its template says for whom it is, and whether it is complete. What carries its tags is ours, nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from . import names, quotas
from .contents import contents
from .daemon import Daemon
from .errors import BadInput, InUse, Missing, NameTaken, NotYet, Unreachable
from .keycloak import Keycloak
from .markup import Thing, template
from .networks import Networks
from .options import Network, Placement, check_placement
from .pools import Pools
from .routers import Routers
from .users import Users, is_from_saml

logger = logging.getLogger(__name__)

SAML_GROUP = "SAML_GROUP"  # what the SAML driver finds a group by
SYSTEM_VDC = 0  # every new group joins it, and it gives the use of everything
OF_GROUP, EVERYWHERE, CREATE = 0x200000000, "400000000", "8"
MADE_BY_TENANTS = "121429400000000"  # VM+IMAGE+TEMPLATE+DOCUMENT+SECGROUP+VMGROUP+BACKUPJOB/*
ALREADY, NOT_THERE = r"is already assigned|already exists", r"is not assigned|does not exist"
NETWORKS_OF_CLUSTER = 0x4800000000  # in ACL rules: NET/%, and the cluster


@dataclass(frozen=True)
class Order:
    """A VDC as it is wanted. ``limits`` are in OpenNebula's units."""

    backend_id: str
    resource: str
    limits: Mapping[str, float] = field(default_factory=dict)
    placement: Placement = field(default_factory=Placement)
    network: Network | None = None
    subnet: IPv4Network | None = None
    with_user: bool = False
    external_network_id: int | None = None
    description: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)  # more for its template


class Vdcs:
    def __init__(self, daemon: Daemon, pools: Pools, keycloak: Keycloak | None = None) -> None:
        self.daemon = daemon
        self.pools = pools
        self.networks = Networks(daemon, pools)
        self.routers = Routers(daemon, pools)
        self.users = Users(daemon, pools)
        self.keycloak = keycloak

    def find(self, backend_id: str) -> Thing | None:
        return self.pools.ours("vdcs", backend_id)

    def group_of(self, vdc: Thing) -> Thing | None:
        """Its own group, not one that somebody else has added."""
        noted = vdc.note(names.GROUP)
        return self.pools.get("groups", int(noted)) if noted else None

    def create(self, order: Order) -> Thing:
        """Make it, or go on making it. When it fails nothing of it is left, unless it had been complete before."""
        if order.placement.cluster_ids:
            check_placement(order.placement, [cluster.id for cluster in self.pools.all("clusters")])
        if order.network:
            self.routers.check(order.network)
        if self.keycloak:
            self.keycloak.sign_in()
        vdc = self._claim(order)
        try:
            self._build(order, vdc)
        except Exception as error:
            if not is_temporary(error) and self._is_unfinished(vdc):
                self._undo(vdc)
            raise
        finally:
            self.pools.forget()
        self.note(vdc, {names.STATE: names.READY})
        return vdc

    def _claim(self, order: Order) -> Thing:
        """From here on what has our names is ours: nothing of these names existed before."""
        notes = {**names.tags(order.resource, order.backend_id), names.STATE: names.CREATING, **order.notes}
        if order.external_network_id is not None:
            notes[names.EXTERNAL_NETWORK] = str(order.external_network_id)
        attributes = {"NAME": order.backend_id, "DESCRIPTION": order.description or None, **notes}

        def make() -> None:
            for kind, name in (("groups", order.backend_id), ("users", names.administrator(order.backend_id))):
                if (other := self.pools.named(kind, name)) is not None:
                    sentence = (
                        f"OpenNebula has something called {name} (id {other.id}, {kind}) that was not made for this"
                    )
                    raise NameTaken(f"{sentence} resource: rename or delete it.", 0)
            self.daemon.once("vdc.allocate", template(attributes))

        self.pools.forget()
        return self.daemon.ensure(lambda: next(iter(self.pools.owned("vdcs", order.resource)), None), make, "VDC")

    def _build(self, order: Order, vdc: Thing) -> None:
        group = self._ensure_group(order, vdc)
        self._connect(order, vdc, group)
        self.set_limits(vdc, group, order.limits, order.placement.cluster_ids)
        if order.network:
            self._build_network(order, order.network, vdc, group)
        if order.with_user:
            self.users.ensure(order.backend_id, vdc, group.id)
        if self.keycloak:
            path = self.keycloak.ensure_group(order.backend_id, order.resource)
            self.daemon.insist("group.update", group.id, template({SAML_GROUP: path}), 1)

    def _ensure_group(self, order: Order, vdc: Thing) -> Thing:
        """A group gets its tags only after it is made; its name was free when the VDC was claimed."""
        group = self.daemon.ensure(
            lambda: next((group for group in self.pools.fresh("groups") if group.name == order.backend_id), None),
            lambda: self.daemon.once("group.allocate", order.backend_id),
            f"group {order.backend_id}",
        )
        if group.note(names.RESOURCE) != order.resource:
            if group.note(names.RESOURCE):
                raise NameTaken(f"group {group.id} was made for another resource.", 0)
            self.daemon.insist("group.update", group.id, template(names.tags(order.resource, order.backend_id)), 1)
        if vdc.note(names.GROUP) != str(group.id):
            self.note(vdc, {names.GROUP: str(group.id)})
        return group

    def _connect(self, order: Order, vdc: Thing, group: Thing) -> None:
        """The group may use the clusters of its VDC, no other ones, and may make machines there."""
        clusters = order.placement.cluster_ids or (0,)
        if group.id not in vdc.ids("GROUPS/ID"):
            self.daemon.insist("vdc.addgroup", vdc.id, group.id, unless=ALREADY)
        has = vdc.ids("CLUSTERS/CLUSTER/CLUSTER_ID")
        for cluster in clusters:
            if cluster not in has:
                self._add_cluster(vdc, order.placement.zone_id, cluster)
        self._hide_networks(group, clusters)
        if order.external_network_id is not None:
            self._add_network(vdc, order.placement.zone_id, order.external_network_id)
        self.daemon.insist("vdc.delgroup", SYSTEM_VDC, group.id, unless=NOT_THERE)
        rights = (f"{OF_GROUP + group.id:x}", MADE_BY_TENANTS, CREATE, EVERYWHERE)
        self.daemon.insist("acl.addrule", *rights, unless=ALREADY)

    def _add_cluster(self, vdc: Thing, zone: int, cluster: int) -> None:
        try:
            self.daemon.insist("vdc.addcluster", vdc.id, zone, cluster, unless=ALREADY)
        except Missing as error:
            raise BadInput("zone_id", f"{error} Name the zone of the clusters, mostly 0.") from error

    def _hide_networks(self, group: Thing, clusters: tuple[int, ...]) -> None:
        """With a cluster OpenNebula gives all its networks, those of other tenants too: take that back."""
        whose, which = f"{OF_GROUP + group.id:x}", {f"{NETWORKS_OF_CLUSTER + cluster:x}" for cluster in clusters}
        for rule in self.pools.fresh("acl_rules"):
            if rule.text("USER") == whose and rule.text("RESOURCE") in which:
                self.daemon.insist("acl.delrule", rule.id, unless=NOT_THERE)

    def _add_network(self, vdc: Thing, zone: int, network: int) -> None:
        """The provider's: where floating IPs come from."""
        if network in vdc.ids("VNETS/VNET/VNET_ID"):
            return
        try:
            self.daemon.insist("vdc.addvnet", vdc.id, zone, network, unless=ALREADY)
        except Missing as error:
            raise BadInput("external_network_id", f"{error} Name the provider's network.") from error

    def set_limits(self, vdc: Thing, group: Thing, limits: Mapping[str, float], clusters: tuple[int, ...] = ()) -> None:
        stores = self._stores(clusters or tuple(vdc.ids("CLUSTERS/CLUSTER/CLUSTER_ID")))
        quotas.set_limits(self.daemon, group, limits, stores, external_network(vdc))
        self.pools.forget()

    def limits_differ(self, vdc: Thing, group: Thing, limits: Mapping[str, float]) -> bool:
        stores = self._stores(tuple(vdc.ids("CLUSTERS/CLUSTER/CLUSTER_ID")))
        return quotas.differs(group, quotas.wanted_sections(group, limits, stores, external_network(vdc)))

    def _stores(self, clusters: tuple[int, ...]) -> list[int]:
        return quotas.image_datastores(self.pools.all("datastores"), clusters)

    def _build_network(self, order: Order, network: Network, vdc: Thing, group: Thing) -> None:
        vnet = self.networks.ensure_network(order.backend_id, order.resource, network, order.placement, order.subnet)
        if vnet.id not in vdc.ids("VNETS/VNET/VNET_ID"):
            self.daemon.insist("vdc.addvnet", vdc.id, order.placement.zone_id, vnet.id, unless=ALREADY)
        self.routers.ensure(order.backend_id, order.resource, vnet, network, order.placement)
        if network.rules:
            rules = self.networks.ensure_security_group(order.backend_id, order.resource, network.rules, group.id)
            self.networks.guard(vnet, rules, group.id)
        else:
            self.networks.share_network(vnet, group.id)

    def replace(self, backend_id: str) -> Thing | None:
        """One that was deleted by hand: by another one what is left of it can be taken down in order."""
        group = self.pools.ours("groups", backend_id)
        if group is None:
            return None
        resource = group.note(names.RESOURCE)
        attributes = {"NAME": backend_id, **names.tags(resource, backend_id), names.GROUP: group.id}
        return self.daemon.ensure(
            lambda: next(iter(self.pools.owned("vdcs", resource)), None),
            lambda: self.daemon.once("vdc.allocate", template(attributes)),
            f"VDC {backend_id}",
        )

    def delete(self, vdc: Thing) -> None:
        """Look first whether anything holds it back; then take it down, inside out. May be begun again.

        Between the first look and the end of its users one of them may have made a machine: so we look once more.
        """
        self.pools.forget()
        if vdc.note(names.STATE) != names.DELETING:
            self._check_empty(vdc, "nothing has been destroyed")
            with suppress(Missing):  # another agent has just ended it; what it may have left goes below
                self.note(vdc, {names.STATE: names.DELETING})
        self._shut_out(vdc)
        self._check_empty(vdc, "only its user is gone so far")
        self._take_down(vdc)

    def _is_unfinished(self, vdc: Thing) -> bool:
        """As of now: another agent may have completed it meanwhile."""
        now = next((each for each in self.pools.fresh("vdcs") if each.id == vdc.id), None)
        return now is not None and now.note(names.STATE) == names.CREATING

    def _undo(self, vdc: Thing) -> None:
        try:
            self._shut_out(vdc)
            self._take_down(vdc)
        except Exception:  # the first error is the one to tell; what is left is marked as ours
            logger.exception(
                "VDC %s could not be removed after its creation had failed; the next attempt does it.", vdc.name
            )

    def _check_empty(self, vdc: Thing, so_far: str) -> None:
        group = self.group_of(vdc)
        held = contents(self.pools, vdc, group, self.keycloak is not None) if group else []
        if held:
            shown = ", ".join(held[:5]) + (f" and {len(held) - 5} more" if len(held) > 5 else "")
            raise InUse(f"VDC {vdc.name} still holds {shown}. Delete them first; {so_far}.")

    def _shut_out(self, vdc: Thing) -> None:
        """From here on nobody can make anything in it."""
        backend_id, group = vdc.note(names.BACKEND_ID), self._group_left(vdc)
        if self.keycloak:
            self.keycloak.remove_group(backend_id, vdc.note(names.RESOURCE))
        if group is None:
            return
        if (user := self.users.find(backend_id, group.id)) is not None:
            self.daemon.remove("user.delete", user.id)
        if self.keycloak:
            for user in self.pools.all("users"):
                if is_from_saml(user) and group.id in user.ids("GROUPS/ID"):
                    self.users.detach(user, group.id)
        self.pools.forget()

    def _take_down(self, vdc: Thing) -> None:
        """Router, network, rules, group, VDC: some may be gone. The VDC is last: it tells whose they are."""
        resource = vdc.note(names.RESOURCE)
        for router in self.pools.owned("routers", resource):
            self.routers.remove(router)
        for vnet in self.pools.owned("vnets", resource):
            self.networks.remove_network(vnet.id)
        for rules in self.pools.owned("security_groups", resource):
            self.daemon.remove("secgroup.delete", rules.id)
        if (group := self._group_left(vdc)) is not None:
            self.daemon.remove("group.delete", group.id)
        self.daemon.remove("vdc.delete", vdc.id)
        self.pools.forget()

    def _group_left(self, vdc: Thing) -> Thing | None:
        """As of now, also one that has not got its tags yet."""
        named = (group for group in self.pools.fresh("groups") if group.name == vdc.note(names.BACKEND_ID))
        return next((group for group in named if group.note(names.RESOURCE) in ("", vdc.note(names.RESOURCE))), None)

    def note(self, vdc: Thing, notes: dict[str, str]) -> None:
        """Write into its template."""
        self.daemon.insist("vdc.update", vdc.id, template(notes), 1)


def external_network(vdc: Thing) -> int | None:
    noted = vdc.note(names.EXTERNAL_NETWORK)
    return int(noted) if noted else None


def is_temporary(error: Exception) -> bool:
    """Whether coming back later may help: then what has been made stays, and is found again."""
    return isinstance(error, (Unreachable, NotYet))
