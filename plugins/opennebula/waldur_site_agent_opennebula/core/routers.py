"""A tenant's virtual router: the appliance with a leg inside and a leg outside, for NAT and DHCP."""

from __future__ import annotations

from functools import partial
from typing import Any

from . import names
from .daemon import Daemon, wait_until
from .errors import BadInput, Missing, Refused
from .markup import Thing, template
from .networks import block_of
from .options import Network, Placement
from .pools import Pools

INSIDE, OUTSIDE = "eth0", "eth1"
LETS_EVERYTHING_PASS = 0  # the default security group: the router itself must not filter what it routes
GONE_SECONDS = 120.0
APPLIANCE = {
    "ONEAPP_VNF_DHCP4_ENABLED": "YES",
    "ONEAPP_VNF_DHCP4_INTERFACES": INSIDE,
    "ONEAPP_VNF_DNS_ENABLED": "YES",
    "ONEAPP_VNF_DNS_INTERFACES": INSIDE,
    "ONEAPP_VNF_NAT4_ENABLED": "YES",
    "ONEAPP_VNF_NAT4_INTERFACES_OUT": OUTSIDE,
    "ONEAPP_VNF_ROUTER4_ENABLED": "YES",
    "ONEAPP_VNF_ROUTER4_INTERFACES": f"{INSIDE},{OUTSIDE}",
    "ONEAPP_VNF_SDNAT4_ENABLED": "YES",
    "ONEAPP_VNF_SDNAT4_INTERFACES": f"{INSIDE},{OUTSIDE}",
}


class Routers:
    """Routers belong to the provider: they count in no tenant's quota, their uplink is no floating IP of his."""

    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools

    def check(self, network: Network) -> None:
        """Refuse what could not work, before anything is made."""
        key = "virtual_router_template_id"
        found = self.pools.get("templates", network.router_template_id)
        if found is None:
            raise BadInput(key, f"OpenNebula has no template {network.router_template_id}. Import the VNF appliance.")
        if found.text("TEMPLATE/VROUTER").upper() != "YES":
            raise BadInput(
                key, f"template {found.id} ({found.name}) has no VROUTER=YES. Name the VNF appliance's template."
            )
        outside = self.pools.get("vnets", network.external_network_id)
        key = "external_network_id"
        if outside is None:
            raise BadInput(
                key, f"OpenNebula has no network {network.external_network_id}. Name the provider's network."
            )
        size = sum(each.number("SIZE") for each in outside.all("AR_POOL/AR"))
        if outside.number("USED_LEASES") >= size:
            raise BadInput(
                key, f"network {outside.id} ({outside.name}) has no free address. Add an address range to it."
            )

    def ensure(self, backend_id: str, resource: str, vnet: Thing, network: Network, placement: Placement) -> Thing:
        name = names.router(backend_id)
        inside = {"NETWORK_ID": vnet.id, "IP": block_of(vnet)[1], "SECURITY_GROUPS": LETS_EVERYTHING_PASS}
        outside = {"NETWORK_ID": network.external_network_id, "SECURITY_GROUPS": LETS_EVERYTHING_PASS}
        attributes = {"NAME": name, **names.tags(resource, backend_id), "NIC": [inside, outside]}
        router = self.daemon.ensure(
            lambda: self._find(resource),
            lambda: self.daemon.once("vrouter.allocate", template(attributes)),
            f"virtual router {name}",
        )
        router = self.daemon.ensure(
            lambda: self._with_machine(router.id),
            lambda: self._boot(router, name, network, placement),
            f"machine of {name}",
        )
        return self._note_address(router, network)

    def _boot(self, router: Thing, name: str, network: Network, placement: Placement) -> None:
        """Extra attributes replace the template's whole: its CONTEXT has to come along."""
        base = Thing(self.daemon.read("template.info", network.router_template_id, False, False))
        context = {"NETWORK": "YES", **base.vector("TEMPLATE/CONTEXT"), **APPLIANCE}
        context["ONEAPP_VNF_DNS_NAMESERVERS"] = network.dns
        extra: dict[str, Any] = {"CONTEXT": context, "SCHED_REQUIREMENTS": placement.requirements or None}
        try:
            self.daemon.once(
                "vrouter.instantiate", router.id, 1, network.router_template_id, f"{name}-%i", False, template(extra)
            )
        except Refused as error:
            hint = "Check that external_network_id has free addresses and that the template's image is READY."
            raise Refused(f"virtual_router_template_id: {error} {hint}", error.code) from error

    def _note_address(self, router: Thing, network: Network) -> Thing:
        """Kept with the router, so that reading all routers shows all addresses."""
        if router.note(names.EXTERNAL_IP):
            return router
        machine = Thing(self.daemon.read("vm.info", router.ids("VMS/ID")[0]))
        for nic in machine.all("TEMPLATE/NIC"):
            if nic.text("NETWORK_ID") == str(network.external_network_id):
                self.daemon.insist("vrouter.update", router.id, template({names.EXTERNAL_IP: nic.text("IP")}), 1)
        return Thing(self.daemon.read("vrouter.info", router.id))

    def remove(self, router: Thing) -> None:
        """With its machines gone too: until then they hold addresses."""
        machines = router.ids("VMS/ID")
        self.daemon.remove("vrouter.delete", router.id)
        for machine in machines:
            wait_until(partial(self._is_done, machine), f"Ending machine {machine} of {router.name}", GONE_SECONDS)

    def _is_done(self, machine: int) -> bool | None:
        try:
            return Thing(self.daemon.read("vm.info", machine)).text("STATE") == "6" or None
        except Missing:
            return True

    def _find(self, resource: str) -> Thing | None:
        """The oldest. Their names may come twice: a call that came through late may have made another one."""
        found = self.pools.owned("routers", resource)
        self._end(found[1:])
        return found[0] if found else None

    def end_doubles(self, backend_id: str) -> None:
        named = [router for router in self.pools.tagged("routers") if router.note(names.BACKEND_ID) == backend_id]
        self._end(sorted(named, key=lambda router: router.id)[1:])

    def _end(self, surplus: list[Thing]) -> None:
        for router in surplus:
            self.remove(router)
            self.pools.forget()

    def _with_machine(self, router_id: int) -> Thing | None:
        router = Thing(self.daemon.read("vrouter.info", router_id))
        return router if router.ids("VMS/ID") else None
