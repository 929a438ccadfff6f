"""``one.vrouter.*``: virtual routers, which are machines with NICs that the router decides about."""

from __future__ import annotations

from .. import markup
from ..access import quotas
from ..access.authorization import MANAGE, USE, Authorization
from ..calls import BOOL, INT, STRING, Call, method
from ..errors import OneError, bad_action, internal
from ..kinds import VIRTUAL_ROUTER, VM, VM_TEMPLATE, VNET
from ..objects import check_name, get, header, owned, read_template, taken_name
from ..pools import register_info, register_paged_pool, rendered
from ..state import Obj
from ..templates import Template, Vector, first, is_yes, merged, vectors
from ..vm.actions import terminate
from ..vm.build import Plan, build
from ..vm.devices import attach_nic, detach_nic
from ..vm.nics import NoNic, vnet_of
from .address_ranges import give_back, take

FAILING = "Error allocating a new virtual router. "


@method("one.vrouter.allocate", STRING)
def allocate(call: Call, text: str) -> int:
    Authorization(call).need_create(VIRTUAL_ROUTER).check()
    template = read_template(text)
    name = taken_name(template)
    check_name(VIRTUAL_ROUTER, name)
    router_id = call.state.coming_id(VIRTUAL_ROUTER)
    nics: list[Vector] = []
    try:
        for nic_id, given in enumerate(vectors(template, "NIC")):
            nics.append(_router_nic(call, given, nic_id, router_id, call.uid, call.gid))
    except NoNic as error:
        for nic in nics:
            _release_floating(call, router_id, nic)
        raise internal(str(error)) from error
    if nics:
        template["NIC"] = list(nics)
    router = owned(call, VIRTUAL_ROUTER, name, template, vms=[])
    return int(call.state.add(VIRTUAL_ROUTER.name, router)["id"])


def _router_nic(call: Call, given: Vector, nic_id: int, router_id: int, uid: int, gid: int) -> Vector:
    """A NIC of the router; a floating address is held by the router itself."""
    vnet = vnet_of(call, given)
    Authorization(call).need(USE, VNET, vnet).check()
    nic = {**given, "NETWORK": vnet["name"], "NETWORK_ID": str(vnet["id"]), "NIC_ID": str(nic_id)}
    if not is_yes(given.get("FLOATING_IP", "")):
        return nic
    quotas.check(call, uid, gid, [quotas.network_request(str(vnet["id"]), 1)])
    lease = take(call.release, vnet, {"VROUTER": str(router_id)}, given.get("IP", ""), given.get("MAC", ""))
    if lease is None:
        raise NoNic(f"Cannot get IP/MAC lease from virtual network {vnet['id']}.")
    call.state.edit(VNET.name, vnet)
    floating = {"AR_ID": lease["AR_ID"], "VROUTER_MAC": lease["MAC"]}
    if "IP" in lease:
        floating["VROUTER_IP"] = lease["IP"]
    return {**{name: value for name, value in nic.items() if name not in ("IP", "MAC")}, **floating}


def _release_floating(call: Call, router_id: int, nic: Vector) -> None:
    vnet = call.state.get(VNET.name, int(nic["NETWORK_ID"]))
    if vnet is not None and "VROUTER_MAC" in nic:
        give_back(vnet, {"VROUTER": str(router_id)}, nic.get("VROUTER_IP", ""), nic["VROUTER_MAC"])
        call.state.edit(VNET.name, vnet)


@method("one.vrouter.instantiate", INT, INT, INT, STRING, BOOL, STRING)
def instantiate(call: Call, router_id: int, count: int, template_id: int, name: str, hold: bool, extra: str) -> int:
    """The answer is the router's id; its machines are in its VMS."""
    router, template = get(call, VIRTUAL_ROUTER, router_id), get(call, VM_TEMPLATE, template_id)
    Authorization(call).need(MANAGE, VIRTUAL_ROUTER, router).need(USE, VM_TEMPLATE, template).check()
    if not is_yes(first(template["template"], "VROUTER")):
        raise bad_action("Only virtual router templates are allowed")
    changes = read_template(extra)
    changes.pop("NIC", None)
    made: list[Obj] = []
    for index in range(count):
        plan = _plan(router, template, merged(template["template"], changes), name, index, hold)
        try:
            made.append(build(call, plan))
        except OneError:
            for vm in made:
                terminate(call, vm)
            raise
    ids = [*router["vms"], *(vm["id"] for vm in made)]
    of_router: Template = {**router["template"], "TEMPLATE_ID": [str(template_id)]}
    call.state.edit(VIRTUAL_ROUTER.name, router, vms=ids, template=of_router)
    return router_id


def _plan(router: Obj, template: Obj, merged_template: Template, name: str, index: int, hold: bool) -> Plan:
    """A machine of the router's owner, with the router's NICs whatever the template says."""
    keepalived = first(router["template"], "KEEPALIVED_ID", str((router["id"] & 0xFF) + 1))
    of_router = {"VROUTER_ID": str(router["id"]), "VROUTER_KEEPALIVED_ID": keepalived}
    without_nics = {key: values for key, values in merged_template.items() if key != "NIC"}
    nics = vectors(router["template"], "NIC")
    extra: Template = {key: [value] for key, value in of_router.items()}
    extra.update(TEMPLATE_ID=[str(template["id"])], SUBMIT_ON_HOLD=["YES"])
    return Plan(
        name=(name or f"vr-{router['name']}-%i").replace("%i", str(index)),
        template={**without_nics, **({"NIC": [vm_nic(nic) for nic in nics]} if nics else {})},
        uid=router["uid"],
        gid=router["gid"],
        hold=hold,
        failing=FAILING,
        extra=extra,
        extra_context=of_router,
        router_id=router["id"],
    )


def vm_nic(nic: Vector) -> Vector:
    """What a machine gets of a NIC of its router; beside a floating address it has one of its own."""
    own = ("NIC_ID", "AR_ID") if is_yes(nic.get("FLOATING_IP", "")) else ("NIC_ID",)
    return {name: value for name, value in nic.items() if name not in own}


@method("one.vrouter.attachnic", INT, STRING)
def attachnic(call: Call, router_id: int, text: str) -> int:
    """For the router and all its machines. When a machine cannot have it, the router keeps it all the same."""
    router = _managed(call, router_id)
    for given in vectors(read_template(text), "NIC"):
        nic_id = max((int(nic["NIC_ID"]) for nic in vectors(router["template"], "NIC")), default=-1) + 1
        try:
            nic = _router_nic(call, given, nic_id, router_id, router["uid"], router["gid"])
        except NoNic as error:
            raise bad_action(str(error)) from error
        _set_nics(call, router, [*router["template"].get("NIC", []), nic])
        for vm_id in router["vms"]:
            attach_nic(call, get(call, VM, vm_id), vm_nic(nic))
    return router_id


@method("one.vrouter.detachnic", INT, INT)
def detachnic(call: Call, router_id: int, nic_id: int) -> int:
    router = _managed(call, router_id)
    nics = vectors(router["template"], "NIC")
    nic = next((nic for nic in nics if nic["NIC_ID"] == str(nic_id)), None)
    if nic is None:
        raise bad_action(f"NIC with NIC_ID {nic_id} does not exist.")
    _release_floating(call, router_id, nic)
    _set_nics(call, router, [other for other in nics if other is not nic])
    for vm_id in router["vms"]:
        vm = get(call, VM, vm_id)
        if any(other["NIC_ID"] == str(nic_id) for other in vectors(vm["template"], "NIC")):
            detach_nic(call, vm, nic_id)
    return router_id


def _set_nics(call: Call, router: Obj, nics: list[Vector]) -> None:
    others = {name: values for name, values in router["template"].items() if name != "NIC"}
    call.state.edit(VIRTUAL_ROUTER.name, router, template={**others, **({"NIC": nics} if nics else {})})


@method("one.vrouter.delete", INT)
def delete(call: Call, router_id: int) -> int:
    """The router is gone at once; its machines end in their own time."""
    router = _managed(call, router_id)
    for nic in vectors(router["template"], "NIC"):
        _release_floating(call, router_id, nic)
    machines = [get(call, VM, vm_id) for vm_id in router["vms"]]
    call.state.drop(VIRTUAL_ROUTER.name, router)
    for vm in machines:
        terminate(call, vm)
    return router_id


def _managed(call: Call, router_id: int) -> Obj:
    router = get(call, VIRTUAL_ROUTER, router_id)
    Authorization(call).need(MANAGE, VIRTUAL_ROUTER, router).check()
    return router


def render(router: Obj) -> str:
    return markup.wrap(
        "VROUTER",
        header(router),
        markup.ids("VMS", router["vms"]),
        markup.template("TEMPLATE", router["template"]),
    )


register_info("vrouter", VIRTUAL_ROUTER, rendered(render))
register_paged_pool("one.vrouterpool.info", VIRTUAL_ROUTER, rendered(render))
