"""Quotas of users and groups: limits are kept, use is counted from what exists.

A limit of -1 is the default quota's word, -2 means unlimited. DATASTORE, NETWORK and IMAGE limits hold for the id they
name and for no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .. import markup
from ..errors import ACTION, OneError, unauthorized
from ..kinds import GROUP, IMAGE, USER, VIRTUAL_ROUTER, VM, VNET
from ..state import DEFAULT_QUOTAS, Obj, State
from ..templates import Template, Vector, number, vectors
from ..vm.states import counts_as_running, is_done

if TYPE_CHECKING:
    from ..calls import Call
    from ..kinds import Kind

METRICS: dict[str, tuple[str, ...]] = {
    "DATASTORE": ("SIZE", "IMAGES"),
    "NETWORK": ("LEASES",),
    "IMAGE": ("RVMS",),
    "VM": (
        *("VMS", "RUNNING_VMS", "CPU", "RUNNING_CPU", "MEMORY", "RUNNING_MEMORY", "SYSTEM_DISK_SIZE"),
        *("PCI_DEV", "RUNNING_PCI_DEV", "PCI_NIC", "RUNNING_PCI_NIC"),
    ),
}
SECTIONS = ("DATASTORE", "NETWORK", "VM", "IMAGE")  # in the order of the XML
DEFAULT, UNLIMITED = -1.0, -2.0
ONEADMIN = 0

Limits = dict[str, dict[str, dict[str, float]]]  # section → id ("" for VM) → metric → limit
Amounts = dict[str, float]


class Request(NamedTuple):
    """What a call is about to use more of. ``object_id`` is empty for the section VM."""

    section: str
    object_id: str
    amounts: Amounts


class QuotaExceeded(Exception):
    """The sentence, such as ``group [100] limit of 2 reached for VMS quota in VM``."""


def default_limits(state: State, kind: Kind) -> Limits:
    kept = state.get(DEFAULT_QUOTAS, kind.name)
    return kept["quotas"] if kept else {}


def set_limits(limits: Limits, text: Template, is_default: bool = False, suffix: str = "") -> Limits:
    """The limits with those of a quota template in place. A section's metrics that are not given fall back.

    ``suffix`` is what the daemon shows after the attributes of a refused VM quota.
    """
    fallback = UNLIMITED if is_default else DEFAULT
    changed: Limits = {section: dict(kept) for section, kept in limits.items()}
    for section in METRICS:
        for given in vectors(text, section):
            object_id = "" if section == "VM" else given.get("ID", "")
            if section != "VM" and not _is_id(object_id):
                raise _bad_quota(section, given, "")
            metrics = {metric: _limit(given, metric, fallback) for metric in METRICS[section]}
            if any(limit < 0 and limit not in (fallback, UNLIMITED) for limit in metrics.values()):
                raise _bad_quota(section, given, suffix if section == "VM" else "")
            kept = changed.setdefault(section, {})
            kept.pop(object_id, None)
            if any(limit != fallback for limit in metrics.values()):
                kept[object_id] = metrics
    return changed


def _is_id(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _limit(given: Vector, metric: str, fallback: float) -> float:
    limit = number(given.get(metric, ""))
    return fallback if limit is None else limit


def _bad_quota(section: str, given: Vector, suffix: str) -> OneError:
    shown = ",".join(f"{name}={given[name]}" for name in sorted(given))
    return OneError(ACTION, f"Negative limits or bad format in quota {section} = [ {shown}{suffix} ]")


def used(state: State, field: str, owner_id: int) -> Limits:
    """What a user (``uid``) or group (``gid``) uses: section → id → metric → amount."""
    use: Limits = {section: {} for section in METRICS}
    for vm in state.where(VM.name, field, owner_id):
        if not is_done(vm):
            for request in vm_request(vm):
                _add(use, request)
    for image in state.where(IMAGE.name, field, owner_id):
        _add(use, image_request(image))
    for router in state.where(VIRTUAL_ROUTER.name, field, owner_id):
        for request in router_requests(router):
            _add(use, request)
    for vnet in state.all(VNET.name):
        if vnet["parent_id"] is not None and vnet[field] == owner_id:
            _add(use, reservation_request(vnet))
    return use


def _add(use: Limits, request: Request) -> None:
    amounts = use[request.section].setdefault(request.object_id, {})
    for metric, amount in request.amounts.items():
        amounts[metric] = amounts.get(metric, 0.0) + amount


def vm_request(vm: Obj) -> list[Request]:
    """All that a virtual machine counts for: itself, its leases, its images."""
    template: Template = vm["template"]
    cpu, memory = (number(str((template.get(name) or ["0"])[0])) or 0.0 for name in ("CPU", "MEMORY"))
    disks = vectors(template, "DISK")
    amounts = {"VMS": 1.0, "CPU": cpu, "MEMORY": memory, "SYSTEM_DISK_SIZE": system_disk_size(disks)}
    if counts_as_running(vm):
        amounts.update(RUNNING_VMS=1.0, RUNNING_CPU=cpu, RUNNING_MEMORY=memory)
    requests = [network_request(nic["NETWORK_ID"], 1) for nic in vectors(template, "NIC") if "NETWORK_ID" in nic]
    requests.append(Request("VM", "", amounts))
    requests += [Request("IMAGE", disk["IMAGE_ID"], {"RVMS": 1.0}) for disk in disks if "IMAGE_ID" in disk]
    return requests


def system_disk_size(disks: list[Vector]) -> float:
    """Only clones in the system datastore count; a persistent disk stays where its image is."""
    return sum(number(disk.get("SIZE", "")) or 0.0 for disk in disks if disk.get("CLONE_TARGET", "SYSTEM") == "SYSTEM")


def image_request(image: Obj) -> Request:
    return Request("DATASTORE", str(image["datastore_id"]), {"SIZE": float(image["size"]), "IMAGES": 1.0})


def network_request(network_id: str, leases: int) -> Request:
    return Request("NETWORK", network_id, {"LEASES": float(leases)})


def router_requests(router: Obj) -> list[Request]:
    nics = vectors(router["template"], "NIC")
    return [network_request(nic["NETWORK_ID"], 1) for nic in nics if "VROUTER_IP" in nic]


def reservation_request(vnet: Obj) -> Request:
    return network_request(str(vnet["parent_id"]), sum(int(ar["size"]) for ar in vnet["address_ranges"]))


def check(call: Call, uid: int, gid: int, requests: list[Request]) -> None:
    """Refuse with 512 when the requests exceed a quota of the owner or of the group."""
    try:
        check_owners(call.state, uid, gid, requests)
    except QuotaExceeded as exceeded:
        raise unauthorized(f"User [{call.uid}] : {exceeded}.") from exceeded


def check_owners(state: State, uid: int, gid: int, requests: list[Request]) -> None:
    for kind, field, owner_id in ((USER, "uid", uid), (GROUP, "gid", gid)):
        owner = state.get(kind.name, owner_id)
        if owner_id == ONEADMIN or owner is None:
            continue
        use = used(state, field, owner_id)
        for request in requests:
            _check_request(owner["quotas"], default_limits(state, kind), use, request, f"{kind.label} [{owner_id}]")
            _add(use, request)


def _check_request(limits: Limits, defaults: Limits, use: Limits, request: Request, whose: str) -> None:
    section, object_id, amounts = request
    own = limits.get(section, {}).get(object_id, {})
    default = defaults.get(section, {}).get(object_id, {})
    now = use[section].get(object_id, {})
    for metric in METRICS[section]:
        if metric not in amounts:
            continue
        limit = own.get(metric, DEFAULT)
        if limit == DEFAULT:
            limit = default.get(metric, UNLIMITED)
        if limit != UNLIMITED and now.get(metric, 0.0) + amounts[metric] > limit:
            which = f" with ID: {object_id}" if object_id else ""
            raise QuotaExceeded(f"{whose} limit of {limit:g} reached for {metric} quota in {section}{which}")


def render(limits: Limits, use: Limits | None) -> str:
    """DATASTORE_QUOTA to IMAGE_QUOTA; what has neither a limit nor a use is left out."""
    fallback = UNLIMITED if use is None else DEFAULT
    parts = []
    for section in SECTIONS:
        kept, counted = limits.get(section, {}), (use or {}).get(section, {})
        object_ids = sorted({*kept, *(key for key, amounts in counted.items() if any(amounts.values()))}, key=_order)
        rows = [
            _row(section, object_id, kept.get(object_id, {}), counted.get(object_id, {}), fallback)
            for object_id in object_ids
        ]
        parts.append(markup.wrap(f"{section}_QUOTA", *rows))
    return "".join(parts)


def _order(object_id: str) -> int:
    return int(object_id or 0)


def _row(section: str, object_id: str, limits: Amounts, use: Amounts, fallback: float) -> str:
    values = {"ID": object_id} if object_id else {}
    for metric in METRICS[section]:
        values[metric] = _shown(limits.get(metric, fallback))
        values[f"{metric}_USED"] = _shown(use.get(metric, 0.0))
    return markup.vector(section, values)


def _shown(amount: float) -> str:
    return str(int(amount)) if amount == int(amount) else f"{amount:.2f}"


def render_owner(state: State, kind: Kind, owner: Obj) -> str:
    """The quotas of a user or group; oneadmin and the group oneadmin have none."""
    if owner["id"] == ONEADMIN:
        return render({}, {})
    field = "uid" if kind == USER else "gid"
    return render(owner["quotas"], used(state, field, owner["id"]))


def render_defaults(state: State, kind: Kind) -> str:
    return markup.wrap(f"DEFAULT_{kind.element}_QUOTAS", render(default_limits(state, kind), None))
