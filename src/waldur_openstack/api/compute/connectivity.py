"""Why a server cannot be reached, as far as our tables tell: a chain of checks, the first that fails is the cause."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_openstack.models import Instance, Port, Router, SecurityGroupRule

EXTERNAL, INTERNAL = "external", "internal:"
OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"


class DiagnoseRequestSerializer(serializers.Serializer[Any]):
    """`external`, or `internal:` and the address of another server of the tenant."""

    target = serializers.CharField(default=EXTERNAL, max_length=60)

    def validate_target(self, value: str) -> str:
        if value == EXTERNAL:
            return value
        try:
            address = ipaddress.ip_address(value.removeprefix(INTERNAL))
        except ValueError as error:
            raise ValidationError("Give `external`, or `internal:` followed by an IP address.") from error
        if not value.startswith(INTERNAL):
            raise ValidationError("Give `external`, or `internal:` followed by an IP address.")
        return f"{INTERNAL}{address}"


class DiagnoseCheckSerializer(serializers.Serializer[Any]):
    check = serializers.CharField()
    status = serializers.ChoiceField(choices=[OK, WARN, FAIL, SKIP])
    detail = serializers.CharField()
    fix_hint = serializers.CharField(allow_blank=True)


class DiagnoseResponseSerializer(serializers.Serializer[Any]):
    target = serializers.CharField()
    target_address = serializers.CharField(allow_null=True)
    checks = DiagnoseCheckSerializer(many=True)
    root_cause = serializers.CharField(allow_null=True, help_text="The first check that fails.")


class Result(NamedTuple):
    status: str
    detail: str
    fix_hint: str = ""


@dataclass
class Path:
    """What the checks look at: the server's first port, and what the traffic shall reach."""

    instance: Instance
    target: str

    def __post_init__(self) -> None:
        ports = self.instance.ports.select_related("subnet__router", "network").order_by("pk")
        self.ports: list[Port] = list(ports.prefetch_related("security_groups__rules", "floating_ips"))
        self.address = self.target.removeprefix(INTERNAL) if self.target.startswith(INTERNAL) else None
        self.peer: Port | None = None
        if self.address:
            holders = Port.objects.filter(
                tenant=self.instance.tenant_id, fixed_ips__contains=[{"ip_address": self.address}]
            )
            self.peer = holders.select_related("subnet").prefetch_related("security_groups__rules").first()

    @property
    def port(self) -> Port:
        """The one on the peer's subnet, else the one with a public address, else the first."""
        if self.peer:
            same = [port for port in self.ports if port.subnet_id == self.peer.subnet_id]
            return (same or self.ports)[0]
        public = [port for port in self.ports if port.is_external or port.floating_ips.all()]
        return (public or self.ports)[0]

    @property
    def router(self) -> Router | None:
        return self.port.subnet.router if self.port.subnet else None


def server_runs(path: Path) -> Result:
    state = path.instance.runtime_state
    if state == "ACTIVE":
        return Result(OK, "The server is running.")
    return Result(FAIL, f"The server is {state or 'not in the cloud'}.", "Start the server.")


def server_has_port(path: Path) -> Result:
    if path.ports:
        return Result(OK, f"The server has {len(path.ports)} port(s).")
    return Result(FAIL, "The server has no port.", "Connect it to a subnet: update_ports.")


def port_is_up(path: Path) -> Result:
    if not path.port.admin_state_up:
        return Result(FAIL, f"Port {path.port} is switched off.", "Switch it on: enable_port.")
    if path.port.status not in ("ACTIVE", ""):
        text = f"The cloud reports port {path.port} as {path.port.status}."
        return Result(WARN, text, "Pull the server; if it stays so, ask the operator.")
    return Result(OK, f"Port {path.port} is up.")


def port_has_address(path: Path) -> Result:
    if any("ip_address" in fixed for fixed in path.port.fixed_ips):
        return Result(OK, f"Port {path.port} has an address.")
    return Result(FAIL, f"Port {path.port} has no address.", "Give it one: update_port_ip.")


def may_send(path: Path) -> Result:
    if not path.port.port_security_enabled or has_rule(path.port, "egress"):
        return Result(OK, "The server may send.")
    return Result(FAIL, "No rule lets anything out.", 'Add a rule {"direction": "egress"} to a security group.')


def may_receive(path: Path) -> Result:
    if not path.port.port_security_enabled or has_rule(path.port, "ingress"):
        return Result(OK, "Something may come in; which ports, the rules say.")
    return Result(WARN, "No rule lets anything in.", "Add a rule for what the server offers, such as tcp 22.")


def is_routed(path: Path) -> Result:
    if path.port.is_external:
        return Result(SKIP, "The server is on the external network itself.")
    if path.router or (path.port.subnet and path.port.subnet.is_connected):
        return Result(OK, f"Subnet {path.port.subnet} is connected to a router.")
    return Result(FAIL, f"Subnet {path.port.subnet} is not connected to a router.", "Add it to one: add_interface.")


def subnet_has_gateway(path: Path) -> Result:
    if path.port.is_external or (path.port.subnet and path.port.subnet.gateway_ip):
        return Result(OK, "The server is told a gateway.")
    return Result(WARN, "The subnet tells its servers no gateway.", "Set gateway_ip, or set a route inside the server.")


def router_leads_out(path: Path) -> Result:
    if path.router is None:
        return Result(SKIP, "The router is not known here.")
    if path.router.external_network_id:
        return Result(OK, f"Router {path.router} leads to the external network.")
    return Result(FAIL, f"Router {path.router} has no external gateway.", "Give it one: set_gateway.")


def has_public_address(path: Path) -> Result:
    addresses = [address.address or "" for address in path.port.floating_ips.all()]
    if path.port.is_external or addresses:
        return Result(OK, f"It has a public address. {' '.join(addresses)}".strip())
    text = "It has no public address: it can reach the world, the world cannot reach it."
    return Result(WARN, text, "Assign a floating IP: assign_floating_ip.")


def target_exists(path: Path) -> Result:
    if path.peer:
        return Result(OK, f"{path.address} belongs to port {path.peer}.")
    return Result(FAIL, f"No port of the tenant has the address {path.address}.", "Check the address.")


def target_is_near(path: Path) -> Result:
    assert path.peer
    mine, other = path.port.subnet, path.peer.subnet
    if mine and other and (mine == other or (mine.router_id and mine.router_id == other.router_id)):
        return Result(OK, "Both are on one subnet, or on subnets of one router.")
    return Result(FAIL, "No router connects the two subnets.", "Add both subnets to one router: add_interface.")


def target_receives(path: Path) -> Result:
    assert path.peer
    if not path.peer.port_security_enabled or has_rule(path.peer, "ingress"):
        return Result(OK, "Something may come in there; which ports, its rules say.")
    return Result(FAIL, "No rule lets anything in there.", "Add a rule to a security group of the target.")


Check = Callable[[Path], Result]
FIRST: tuple[Check, ...] = (server_runs, server_has_port)
PORT: tuple[Check, ...] = (port_is_up, port_has_address, may_send)
OUTSIDE: tuple[Check, ...] = (*PORT, subnet_has_gateway, is_routed, router_leads_out, has_public_address, may_receive)
INSIDE: tuple[Check, ...] = (*PORT, target_exists)
PEER: tuple[Check, ...] = (target_is_near, target_receives)


def has_rule(port: Port, direction: str) -> bool:
    rules: list[SecurityGroupRule] = [rule for group in port.security_groups.all() for rule in group.rules.all()]
    return any(rule.direction == direction for rule in rules)


def diagnose(instance: Instance, target: str) -> dict[str, Any]:
    """The answer of `diagnose_connectivity`. What a missing port or target makes pointless is skipped."""
    path = Path(instance, target)
    checks: list[tuple[Check, bool]] = [(check, True) for check in FIRST]
    has_port = bool(path.ports)
    checks += [(check, has_port) for check in (INSIDE if path.address else OUTSIDE)]
    if path.address:
        checks += [(check, has_port and path.peer is not None) for check in PEER]
    results = [(check.__name__, check(path) if useful else NOT_LOOKED_AT) for check, useful in checks]
    failed = [name for name, result in results if result.status == FAIL]
    return {
        "target": target,
        "target_address": path.address or next(iter(instance.external_ips), None),
        "checks": [{"check": name, **result._asdict()} for name, result in results],
        "root_cause": failed[0] if failed else None,
    }


NOT_LOOKED_AT = Result(SKIP, "An earlier check makes this one pointless.")
