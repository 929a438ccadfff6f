"""The history of a virtual machine: a record per stay on a host, closed by what ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import markup
from ..calls import Call
from ..state import Obj
from .states import Lcm, State

if TYPE_CHECKING:
    from ..cloud import Cloud

ACTIONS = {
    "undeploy": 5,
    "undeploy-hard": 6,
    "hold": 7,
    "release": 8,
    "stop": 9,
    "suspend": 10,
    "resume": 11,
    "reboot": 15,
    "reboot-hard": 16,
    "resched": 17,
    "unresched": 18,
    "poweroff": 19,
    "poweroff-hard": 20,
    "disk-attach": 21,
    "disk-detach": 22,
    "nic-attach": 23,
    "nic-detach": 24,
    "terminate": 27,
    "terminate-hard": 28,
    "disk-resize": 29,
    "deploy": 30,
    "resize": 35,
    "recover": 43,
}
ENDS = ("terminate", "terminate-hard")
TIMES = ("PSTIME", "PETIME", "RSTIME", "RETIME", "ESTIME", "EETIME")
BY_LCM: dict[Lcm, tuple[str, ...]] = {
    Lcm.PROLOG: ("PSTIME",),
    Lcm.BOOT: ("PETIME", "RSTIME"),
    Lcm.BOOT_STOPPED: ("PSTIME", "PETIME", "RSTIME"),
    Lcm.BOOT_UNDEPLOY: ("PSTIME", "PETIME", "RSTIME"),
    Lcm.BOOT_FAILURE: ("RETIME",),
    Lcm.EPILOG: ("RETIME", "ESTIME"),
    Lcm.EPILOG_STOP: ("RETIME", "ESTIME"),
    Lcm.EPILOG_UNDEPLOY: ("RETIME", "ESTIME"),
}
BY_STATE: dict[State, tuple[str, ...]] = {
    State.POWEROFF: ("RETIME",),
    State.SUSPENDED: ("RETIME",),
    State.STOPPED: ("EETIME", "ETIME"),
    State.UNDEPLOYED: ("EETIME", "ETIME"),
    State.DONE: ("EETIME", "ETIME"),
}


def open_record(cloud: Cloud, vm: Obj, host: Obj, datastore_id: int) -> None:
    """A new stay; what was written before stays as it is."""
    record: Obj = {
        "OID": vm["id"],
        "SEQ": len(vm["history"]),
        "HOSTNAME": host["name"],
        "HID": host["id"],
        "CID": host["cluster_id"],
        "STIME": cloud.now(),
        "ETIME": 0,
        "VM_MAD": host["vm_mad"],
        "TM_MAD": "dummy",
        "DS_ID": datastore_id,
        "PLAN_ID": -1,
        "ACTION_ID": 0,
        **dict.fromkeys(TIMES, 0),
        "ACTION": 0,
        "UID": -1,
        "GID": -1,
        "REQUEST_ID": -1,
    }
    vm["history"].append(record)


def continue_record(cloud: Cloud, vm: Obj) -> None:
    """The same stay in a new record, as after every change of the machine's capacity or devices."""
    last = vm["history"][-1]
    now = cloud.now()
    last["ETIME"] = now
    last["RETIME"] = last["RETIME"] or now
    start = {"SEQ": last["SEQ"] + 1, "STIME": now, "ETIME": 0, "ACTION": 0, "RSTIME": now}
    unknown = {"UID": -1, "GID": -1, "REQUEST_ID": -1}
    vm["history"].append({**last, **dict.fromkeys(TIMES, 0), **start, **unknown})


def note(call: Call, vm: Obj, action: str) -> None:
    """Say in the last record what was asked, and by whom; an end is put down to the machine's owner."""
    if vm["history"]:
        whose = {"UID": vm["uid"], "GID": vm["gid"]} if action in ENDS else {"UID": call.uid, "GID": call.gid}
        vm["history"][-1].update(whose, ACTION=ACTIONS[action], REQUEST_ID=call.state.next_number())


def note_and_continue(call: Call, vm: Obj, action: str) -> None:
    if vm["history"]:
        note(call, vm, action)
        continue_record(call.cloud, vm)


def mark(cloud: Cloud, vm: Obj) -> None:
    """Write down the time of the state that was just reached."""
    if not vm["history"]:
        return
    names = BY_LCM.get(vm["lcm_state"], ()) if vm["state"] == State.ACTIVE else BY_STATE.get(vm["state"], ())
    vm["history"][-1].update(dict.fromkeys(names, cloud.now()))


def render(vm: Obj) -> str:
    if not vm["history"]:
        return "<HISTORY_RECORDS/>"
    return markup.wrap("HISTORY_RECORDS", *(_render(record) for record in vm["history"]))


def _render(record: Obj) -> str:
    in_cdata = ("VM_MAD", "TM_MAD")
    parts = [markup.cdata(*pair) if pair[0] in in_cdata else markup.tag(*pair) for pair in record.items()]
    return markup.wrap("HISTORY", *parts)


def render_last(vm: Obj) -> str:
    """The short form in pools."""
    if not vm["history"]:
        return "<HISTORY_RECORDS/>"
    record = vm["history"][-1]
    in_cdata = ("HOSTNAME", "VM_MAD", "TM_MAD", "ACTION")
    names = ("OID", "SEQ", "HOSTNAME", "HID", "CID", "DS_ID", "VM_MAD", "TM_MAD", "ACTION")
    parts = [(markup.cdata if name in in_cdata else markup.tag)(name, record[name]) for name in names]
    return markup.wrap("HISTORY_RECORDS", markup.wrap("HISTORY", *parts))
