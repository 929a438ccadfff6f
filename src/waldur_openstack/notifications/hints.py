"""Which objects a notification speaks of: Nova's versioned and unversioned ones, Cinder's, Neutron's and Keystone's."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from waldur_openstack.notifications.messages import MalformedError, Notification

ID = re.compile(r"^[0-9a-fA-F-]{32,36}$")
PROJECTS, RULE = "project", "security_group_rule"  # hints that are no kind's: read all projects; read the rule's group
NEUTRON = {
    "network": "network", "subnet": "subnet", "router": "router", "port": "port", "floatingip": "floating_ip",
    "security_group": "security_group", "rbac_policy": "rbac_policy",
}  # fmt: skip
CINDER = {"volume": "volume", "snapshot": "snapshot"}
NOVA = {"instance": "instance", "server_group": "server_group"}
# these tell of what is about to be done, or that nothing was
NOT_YET = ("start", "exists", "usage")


@dataclass(frozen=True)
class Hint:
    """Look at the object of this kind (its word) with this id. `project` is its owner where the message says so."""

    word: str
    backend_id: str
    project: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.word, self.backend_id


def hints_in(notification: Notification) -> list[Hint]:
    """Nothing for what we do not follow. Raises MalformedError when what should be an id is none."""
    parts = notification.event_type.split(".")
    if parts[-1] in NOT_YET or len(parts) < 2:
        return []
    return list(dict.fromkeys(_hints(parts, notification.payload)))


def _hints(parts: list[str], payload: Mapping[str, Any]) -> Iterator[Hint]:
    service, noun = parts[0], parts[1]
    if "nova_object.data" in payload and service in NOVA:
        data = _mapping(payload["nova_object.data"])
        yield _hint(NOVA[service], data.get("uuid"), data.get("tenant_id") or data.get("project_id"))
    elif service == "compute" and noun == "instance":
        yield _hint("instance", payload.get("instance_id"), payload.get("tenant_id"))
    elif service == "servergroup" and payload.get("server_group_id"):
        yield _hint("server_group", payload["server_group_id"], payload.get("project_id"))
    elif service in CINDER and f"{service}_id" in payload:
        yield _hint(CINDER[service], payload[f"{service}_id"], payload.get("tenant_id"))
    elif service == "identity" and noun == "project":
        yield Hint(PROJECTS, "")
    elif service == "router" and noun == "interface":
        yield from _of_interface(_mapping(payload.get("router_interface")))
    elif service == RULE:
        yield from _of_rules(payload)
    elif service in NEUTRON:
        yield from _of_network(service, payload)


def _of_network(noun: str, payload: Mapping[str, Any]) -> Iterator[Hint]:
    """One object, many of a bulk request, or the id of one that was deleted."""
    found = [payload[noun]] if noun in payload else payload.get(f"{noun}s", [])
    for item in map(_mapping, found if isinstance(found, list) else [found]):
        yield _hint(NEUTRON[noun], item.get("id"), item.get("project_id") or item.get("tenant_id"))
    if not found:
        yield _hint(NEUTRON[noun], payload.get(f"{noun}_id") or payload.get("id"))


def _of_rules(payload: Mapping[str, Any]) -> Iterator[Hint]:
    """A rule is read with its group; of a deleted one old clouds tell no more than its id."""
    found = [payload[RULE]] if RULE in payload else payload.get(f"{RULE}s", [])
    for rule in map(_mapping, found if isinstance(found, list) else [found]):
        project = rule.get("project_id") or rule.get("tenant_id")
        yield _hint("security_group", rule.get("security_group_id"), project)
    if not found:
        yield _hint(RULE, payload.get(f"{RULE}_id"))


def _of_interface(interface: Mapping[str, Any]) -> Iterator[Hint]:
    project = interface.get("tenant_id") or interface.get("project_id")
    for word, key in (("router", "id"), ("port", "port_id"), ("subnet", "subnet_id")):
        if interface.get(key):
            yield _hint(word, interface[key], project)


def _hint(word: str, backend_id: Any, project: Any = "") -> Hint:
    """Ids become parts of URLs: nothing but an id will do."""
    if not isinstance(backend_id, str) or not ID.match(backend_id):
        raise MalformedError(f"The message names no {word.replace('_', ' ')}.")
    return Hint(word, backend_id, project if isinstance(project, str) and ID.match(project) else "")


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedError("A part of the message is no object.")
    return value
