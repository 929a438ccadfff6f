"""Networks, subnets, routers, their interfaces and routes: which come along, and at which addresses."""

from collections.abc import Collection, Iterator
from ipaddress import ip_address, ip_network

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack_replication.addresses import Readdressing, holds, within
from waldur_openstack_replication.planning.items import PlannedItem, addresses_of, left_out, planned
from waldur_openstack_replication.shape import Kind, Part, Shape


class Topology:
    """`selected`: ids of the networks that come along; empty: all. `external`: the destination's way out, or ""."""

    def __init__(
        self, shape: Shape, moved: Readdressing, selected: Collection[str], external: str, no_way: str
    ) -> None:
        self.shape, self.moved, self.selected, self.external, self.no_way = shape, moved, selected, external, no_way
        self.networks = [self._network(part) for part in shape.of(Kind.NETWORK)]
        self.kept_networks = {item.source_id for item in self.networks if not item.left_out}
        self.subnets = [self._subnet(part) for part in shape.of(Kind.SUBNET)]
        self.kept_subnets = {item.source_id: item for item in self.subnets if not item.left_out}
        self.routers = [self._router(part) for part in shape.of(Kind.ROUTER)]
        self.interfaces = [self._interface(part) for part in shape.of(Kind.INTERFACE)]
        self.routes = [item for part in shape.of(Kind.ROUTER) for item in self._routes(part)]

    def items(self) -> Iterator[PlannedItem]:
        for items in (self.networks, self.subnets, self.routers, self.interfaces, self.routes):
            yield from items

    def _network(self, part: Part) -> PlannedItem:
        if part.values["is_external"]:
            return left_out(part, "It is an external network: the destination has its own.")
        if self.selected and part.id not in self.selected:
            return left_out(part, "It was not selected.")
        return planned(part)

    def _subnet(self, part: Part) -> PlannedItem:
        cidr = part.values["cidr"]
        if part.values["network"] not in self.kept_networks:
            return left_out(part, "Its network does not come along.", cidr)
        moved = self.moved.block(cidr) or cidr
        changes, notes = self._readdressed(part.values, moved)
        return planned(part, moved, note=" ".join(notes), cidr=moved, **changes)

    def _readdressed(self, values: JSON, target: str) -> tuple[JSON, list[str]]:
        """Gateway, pools, name servers and routes of a subnet in its new block."""
        notes = []
        gateway = values["gateway_ip"] and self.moved.address(values["gateway_ip"])
        if values["gateway_ip"] and not gateway:
            gateway = str(ip_network(target)[1])
            notes.append(f"The gateway {values['gateway_ip']} does not fit: it will be {gateway}.")
        servers = [(text, self.moved.address(text)) for text in values["dns_nameservers"] or []]
        notes += [f"The name server {old} does not fit and is left out." for old, new in servers if not new]
        routes = [(route, self._moved_route(route)) for route in values["host_routes"] or []]
        notes += [f"The host route to {old['destination']} does not fit and is left out." for old, new in routes
                  if not new]  # fmt: skip
        return {
            "gateway_ip": gateway or None,
            "allocation_pools": self.moved.pools(values["cidr"], values["allocation_pools"], gateway or None),
            "dns_nameservers": [new for _, new in servers if new],
            "host_routes": [new for _, new in routes if new],
        }, notes

    def _moved_route(self, route: JSON) -> JSON | None:
        destination, nexthop = self.moved.block(route["destination"]), self.moved.address(route["nexthop"])
        return {"destination": destination, "nexthop": nexthop} if destination and nexthop else None

    def _router(self, part: Part) -> PlannedItem:
        if not part.values["has_gateway"] or self.external:
            return planned(part, routes=[])
        return planned(part, note=f"It gets no way out: {self.no_way}", routes=[], has_gateway=False,
                       enable_snat=True)  # fmt: skip

    def _interface(self, part: Part) -> PlannedItem:
        addresses = addresses_of(part.values["fixed_ips"])
        if part.values["router"] not in {item.source_id for item in self.routers}:
            return left_out(part, "Its router belongs to somebody else.", addresses)
        kept, reasons = [], []
        for fixed in part.values["fixed_ips"]:
            moved = self.moved.address(fixed["ip_address"])
            if fixed["subnet"] not in self.kept_subnets:
                reasons.append(f"The subnet of {fixed['ip_address']} does not come along.")
            elif moved is None:
                reasons.append(f"{fixed['ip_address']} does not fit into the new block.")
            else:
                kept.append({**fixed, "ip_address": moved})
        if not kept:
            return left_out(part, " ".join(reasons) or "It has no address.", addresses)
        return planned(part, addresses_of(kept), note=" ".join(reasons), fixed_ips=kept)

    def _routes(self, router: Part) -> Iterator[PlannedItem]:
        """One item per static route; the seed keeps those that lead to subnets of the destination."""
        blocks = [ip_network(item.wanted["cidr"]) for item in self.kept_subnets.values()]
        near = [
            ip_network(self.kept_subnets[fixed["subnet"]].wanted["cidr"])
            for item in self.interfaces
            if not item.left_out and item.wanted["router"] == router.id
            for fixed in item.wanted["fixed_ips"]
        ]
        for route in router.values["routes"]:
            text = f"{route['destination']} via {route['nexthop']}"
            part = Part(Kind.ROUTE, f"{router.id}:{text}", router.name, {"router": router.id, **route})
            moved = self._moved_route(route)
            if moved is None:
                yield left_out(part, "It does not fit into the new block.", text)
            elif not any(within(ip_network(moved["destination"], strict=False), block) for block in blocks):
                yield left_out(part, "It leads to no subnet that comes along.", text)
            elif not any(holds(block, ip_address(moved["nexthop"])) for block in near):
                yield left_out(part, "The router has no interface towards its next hop.", text)
            else:
                yield planned(part, f"{moved['destination']} via {moved['nexthop']}", **moved)
