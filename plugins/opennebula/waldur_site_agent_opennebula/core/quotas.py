"""Limits and use of a group, in OpenNebula's units: cores, MB, addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .daemon import Daemon
from .errors import BadInput
from .markup import Thing, as_dict, template

Amounts = dict[str, float]
OF_MACHINES = {"cpu": "CPU", "ram": "MEMORY", "storage": "SYSTEM_DISK_SIZE"}
KNOWN = ("cpu", "ram", "storage", "floating_ip")
IMAGES, SYSTEM, FILES = "0", "1", "2"  # TYPE of a datastore


def image_datastores(datastores: Iterable[Thing], clusters: Iterable[int]) -> list[int]:
    """Where images and files may lie, in these clusters; a quota holds for the datastore that it names only."""
    wanted = set(clusters)
    return sorted(
        store.id
        for store in datastores
        if store.text("TYPE") in (IMAGES, FILES) and (not wanted or wanted & set(store.ids("CLUSTERS/ID")))
    )


def set_limits(
    daemon: Daemon, group: Thing, limits: Mapping[str, float], datastores: Iterable[int], external_network: int | None
) -> None:
    """Have OpenNebula enforce them. Limits of the group that are none of ours keep their value.

    Storage holds for each datastore and for the disks of machines; floating IPs are leases of the external network.
    """
    sections = wanted_sections(group, limits, datastores, external_network)
    if sections:
        daemon.insist("group.quota", group.id, template(sections))


def wanted_sections(
    group: Thing, limits: Mapping[str, float], datastores: Iterable[int], external_network: int | None
) -> dict[str, Any]:
    for name, value in limits.items():
        if name not in KNOWN:
            raise BadInput(name, f"no such quota exists. Components of a VDC are {', '.join(KNOWN)}.")
        if value < 0:
            raise BadInput(name, f"a limit of {value:g} makes no sense. Give 0 or more.")
    sections: dict[str, Any] = {}
    of_machines = {metric: _number(limits[name]) for name, metric in OF_MACHINES.items() if name in limits}
    if of_machines:
        sections["VM"] = {**kept(group, "VM"), **of_machines}
    if "storage" in limits:
        size = _number(limits["storage"])
        sections["DATASTORE"] = [{**kept(group, "DATASTORE", store), "ID": store, "SIZE": size} for store in datastores]
    if "floating_ip" in limits and external_network is not None:
        leases = _number(limits["floating_ip"])
        sections["NETWORK"] = {**kept(group, "NETWORK", external_network), "ID": external_network, "LEASES": leases}
    return sections


def differs(group: Thing, sections: Mapping[str, Any]) -> bool:
    """Whether the group has other limits than these sections."""
    for section, given in sections.items():
        for wanted in given if isinstance(given, list) else [given]:
            has = kept(group, section, wanted.get("ID"))
            if any(float(has.get(metric, "nan")) != float(value) for metric, value in wanted.items() if metric != "ID"):
                return True
    return False


def kept(group: Thing, section: str, object_id: int | None = None) -> dict[str, str]:
    """The limits that a group has now, those of one id for all sections but VM."""
    for element in group.quotas.findall(f"{section}_QUOTA/{section}"):
        if object_id is None or element.findtext("ID") == str(object_id):
            return {
                name: value for name, value in as_dict(element).items() if not name.endswith("_USED") and name != "ID"
            }
    return {}


def used(group: Thing, external_network: int | None) -> Amounts:
    """What it uses now; of networks only the external one counts."""
    quotas = Thing(group.quotas)
    stored = sum(store.number("SIZE_USED") for store in quotas.all("DATASTORE_QUOTA/DATASTORE"))
    leases = [net for net in quotas.all("NETWORK_QUOTA/NETWORK") if net.text("ID") == str(external_network)]
    return {
        "cpu": quotas.number("VM_QUOTA/VM/CPU_USED"),
        "ram": quotas.number("VM_QUOTA/VM/MEMORY_USED"),
        "storage": stored + quotas.number("VM_QUOTA/VM/SYSTEM_DISK_SIZE_USED"),
        "floating_ip": sum(net.number("LEASES_USED") for net in leases),
    }


def limits_of(group: Thing, external_network: int | None) -> Amounts:
    """The limits that are set; what is unlimited is left out."""
    machines = kept(group, "VM")
    found = {name: float(machines[metric]) for name, metric in OF_MACHINES.items() if metric in machines}
    if external_network is not None and (leases := kept(group, "NETWORK", external_network).get("LEASES")):
        found["floating_ip"] = float(leases)
    return {name: value for name, value in found.items() if value >= 0}


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
