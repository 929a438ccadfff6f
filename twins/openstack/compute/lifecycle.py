"""What servers do by themselves: being built, settling in a new state, being resized, being deleted."""

from __future__ import annotations

import shutil
from typing import Any

from ..block_storage import attachments
from ..block_storage import volumes as block_volumes
from ..cloud import Cloud
from ..network import ports
from ..state import Obj
from ..transitions import failure, schedule_in, transition

MAKING = ("creating", "downloading")
RETRY = 0.05
KEEP_DELETED = 5000
HOSTS = {"nova": "compute-1", "az2": "compute-2"}


def touch(cloud: Cloud, server: Obj, **changes: Any) -> None:
    cloud.state.edit("servers", server, updated=cloud.clock.stamp(), **changes)


def living(cloud: Cloud, server_id: str) -> Obj | None:
    """A server that is there and not on its way out."""
    server = cloud.state.get("servers", server_id)
    return None if server is None or server["task_state"] == "deleting" else server


@transition("server.build")
def build(cloud: Cloud, server_id: str) -> None:
    """BUILD → ACTIVE, once the volumes made for the server are there."""
    server = living(cloud, server_id)
    if server is None or server["vm_state"] != "building":
        return
    if server["doom"]:
        fail_build(cloud, server_id, server["doom"])
        return
    volumes = [cloud.state.get("volumes", device["volume_id"]) for device in server["devices"]]
    if any(volume is None or volume["status"] == "error" for volume in volumes):
        fail_build(cloud, server_id, "Build of instance aborted: a volume did not finish being created.")
        return
    if any(volume and volume["status"] in MAKING for volume in volumes):
        schedule_in(cloud, RETRY, "server.build", server_id)
        return
    host = HOSTS.get(server["zone"], "compute-1")
    for device in server["devices"]:
        attach(cloud, device, host)
    for port in list(cloud.state.where("ports", "device_id", server_id)):
        bind(cloud, port, host)
    touch(cloud, server, vm_state="active", task_state=None, host=host, launched_at=cloud.clock.stamp())


def attach(cloud: Cloud, device: Obj, host: str) -> None:
    attachment = cloud.state.get("attachments", device["attachment_id"])
    if attachment is not None:
        attachments.complete(cloud, attachment, device["device"], host)


def bind(cloud: Cloud, port: Obj, host: str) -> None:
    bound = {**port, "binding:host_id": host}
    ports.bind(bound)
    names = ("binding:host_id", "binding:vif_type", "binding:vif_details", "status")
    cloud.state.edit(
        "ports",
        port,
        **{name: bound[name] for name in names},
        updated_at=cloud.clock.stamp(),
        revision_number=port["revision_number"] + 1,
    )


@failure("server.build")
def fail_build(cloud: Cloud, server_id: str, message: str) -> None:
    """BUILD → ERROR with a fault; ports that Nova made go, given ones are free again."""
    server = living(cloud, server_id)
    if server is None:
        return
    release_ports(cloud, server)
    go_wrong(cloud, server, message)


@failure("server.stop", "server.start", "server.reboot", "server.pause", "server.suspend", "server.rescue")
def fail_settling(cloud: Cloud, server_id: str, vm_state: str, message: str) -> None:
    server = living(cloud, server_id)
    if server is not None:
        go_wrong(cloud, server, message)


def go_wrong(cloud: Cloud, server: Obj, message: str) -> None:
    fault = {"code": 500, "created": cloud.clock.stamp() + "Z", "message": message}
    touch(cloud, server, vm_state="error", task_state=None, fault=fault)


@transition("server.stop")
@transition("server.start")
@transition("server.reboot")
@transition("server.pause")
@transition("server.suspend")
@transition("server.rescue")
def settle(cloud: Cloud, server_id: str, vm_state: str) -> None:
    """The end of a simple action: a new vm_state and no task."""
    server = living(cloud, server_id)
    if server is not None and server["task_state"] is not None:
        touch(cloud, server, vm_state=vm_state, task_state=None, fault=None)


@transition("server.snapshot")
def finish_snapshot(cloud: Cloud, server_id: str, image_id: str) -> None:
    """The image of a running server becomes active with what the server's disk holds."""
    server, image = living(cloud, server_id), cloud.state.get("images", image_id)
    if image is not None:
        fill_image(cloud, image)
    if server is not None:
        touch(cloud, server, task_state=None)


def fill_image(cloud: Cloud, image: Obj) -> None:
    """The snapshot of a server has the bytes of the image it was made from."""
    original = cloud.state.get("images", image["properties"].get("base_image_ref"))
    names = ("checksum", "os_hash_algo", "os_hash_value", "size", "virtual_size")
    known = {name: original[name] for name in names} if original else {"size": 0, "virtual_size": 0}
    if original and cloud.image_file(original["id"]).exists():
        shutil.copyfile(cloud.image_file(original["id"]), cloud.image_file(image["id"]))
    cloud.state.edit("images", image, status="active", updated_at=cloud.clock.stamp(), **known)


@transition("server.resize")
def finish_resize(cloud: Cloud, server_id: str, flavor: Obj) -> None:
    """RESIZE → VERIFY_RESIZE; the old flavor is kept for a way back."""
    server = living(cloud, server_id)
    if server is None or server["task_state"] != "resize_prep":
        return
    touch(
        cloud,
        server,
        flavor=flavor,
        old_flavor=server["flavor"],
        vm_state="resized",
        task_state=None,
        launched_at=cloud.clock.stamp(),
    )


@failure("server.resize")
def fail_resize(cloud: Cloud, server_id: str, flavor: Obj, message: str) -> None:
    """No host for the new flavor: the server stays as it was, with a fault on record."""
    server = living(cloud, server_id)
    if server is not None:
        go_wrong(cloud, server, message)


@transition("server.confirm_resize")
def confirm_resize(cloud: Cloud, server_id: str, vm_state: str) -> None:
    server = living(cloud, server_id)
    if server is not None:
        touch(cloud, server, vm_state=vm_state, task_state=None, old_flavor=None, before_resize=None)


@transition("server.revert_resize")
def revert_resize(cloud: Cloud, server_id: str, vm_state: str) -> None:
    server = living(cloud, server_id)
    if server is not None:
        touch(
            cloud,
            server,
            vm_state=vm_state,
            task_state=None,
            flavor=server["old_flavor"] or server["flavor"],
            old_flavor=None,
            before_resize=None,
        )


def start_deletion(cloud: Cloud, server: Obj) -> None:
    """Mark a server; asking twice changes nothing."""
    if server["task_state"] == "deleting":
        return
    touch(cloud, server, task_state="deleting")
    cloud.schedule("server.delete", server["id"])


@transition("server.delete")
def vanish(cloud: Cloud, server_id: str) -> None:
    """Free ports and volumes; the server moves to the deleted ones, which changes-since still lists."""
    server = cloud.state.get("servers", server_id)
    if server is None:
        return
    release_ports(cloud, server)
    for device in server["devices"]:
        release_volume(cloud, device)
    group = cloud.state.get("server_groups", server["server_group"])
    cloud.state.drop("servers", server)
    stamp = cloud.clock.stamp()
    server.update(vm_state="deleted", task_state=None, updated=stamp, terminated_at=stamp, deleted=True, devices=[])
    cloud.state.add("deleted_servers", server)
    if group is not None:
        cloud.state.revision += 1
    old = list(cloud.state.all("deleted_servers"))[:-KEEP_DELETED]
    for forgotten in old:
        cloud.state.drop("deleted_servers", forgotten)


@failure("server.delete")
def fail_deletion(cloud: Cloud, server_id: str, message: str) -> None:
    server = cloud.state.get("servers", server_id)
    if server is not None:
        go_wrong(cloud, server, message)


def release_ports(cloud: Cloud, server: Obj) -> None:
    """Ports made by Nova go with the server; others are unbound."""
    for port in list(cloud.state.where("ports", "device_id", server["id"])):
        release_port(cloud, server, port)


def release_port(cloud: Cloud, server: Obj, port: Obj) -> None:
    if port["id"] in server["own_ports"]:
        ports.drop(cloud.state, port)
        return
    cloud.state.edit("ports", port, device_id="", device_owner="")
    bind(cloud, port, "")


def release_volume(cloud: Cloud, device: Obj) -> None:
    attachment = cloud.state.get("attachments", device["attachment_id"])
    if attachment is not None:
        attachments.remove(cloud, attachment)
    volume = cloud.state.get("volumes", device["volume_id"])
    if volume is not None and device["delete_on_termination"] and volume["status"] != "deleting":
        block_volumes.start_deletion(cloud, volume)


@transition("server.attach_volume")
def finish_attachment(cloud: Cloud, server_id: str, volume_id: str) -> None:
    server = living(cloud, server_id)
    for device in server["devices"] if server else ():
        if device["volume_id"] == volume_id:
            attach(cloud, device, server["host"] if server else "")


@transition("server.detach_volume")
def finish_detachment(cloud: Cloud, server_id: str, volume_id: str) -> None:
    server = cloud.state.get("servers", server_id)
    if server is None:
        return
    for device in [device for device in server["devices"] if device["volume_id"] == volume_id]:
        server["devices"].remove(device)
        release_volume(cloud, {**device, "delete_on_termination": False})


@failure("server.detach_volume")
def fail_detachment(cloud: Cloud, server_id: str, volume_id: str, message: str) -> None:
    """The volume stays attached."""
    block_volumes.fail(cloud, volume_id, "in-use", message)


@failure("server.attach_volume")
def fail_attachment(cloud: Cloud, server_id: str, volume_id: str, message: str) -> None:
    """The volume is free again."""
    finish_detachment(cloud, server_id, volume_id)


@transition("server.detach_interface")
def finish_interface_detachment(cloud: Cloud, server_id: str, port_id: str) -> None:
    server, port = cloud.state.get("servers", server_id), cloud.state.get("ports", port_id)
    if server is not None and port is not None and port["device_id"] == server_id:
        release_port(cloud, server, port)
