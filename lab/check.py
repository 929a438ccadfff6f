"""One server's life, from the customer's project to its end, through openstacksdk.

Run it with a Python that has openstacksdk: the project's own environment, or the lab's.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import openstack

from lab.cloud import SECRET, Cloud
from lab.report import LabError

PATIENCE = 120.0  # seconds


def run(cloud: Cloud) -> None:
    def connect(user: str, project: str) -> Any:
        return openstack.connect(
            auth_url=cloud.auth_url,
            username=user,
            password=SECRET,
            project_name=project,
            user_domain_name="Default",
            project_domain_name="Default",
            region_name=cloud.region,
        )

    name = f"lab-check-{uuid.uuid4().hex[:8]}"
    began = time.monotonic()
    admin = connect("admin", "admin")
    # Each step says beforehand how it is undone, so that a failed check leaves nothing behind.
    with ExitStack() as undo:
        with _timed("project and user"):
            project = admin.identity.create_project(name=name)
            undo.callback(admin.identity.delete_project, project)
            user = admin.identity.create_user(name=name, password=SECRET, default_project_id=project.id)
            undo.callback(admin.identity.delete_user, user)
            role = admin.identity.find_role("member")
            admin.identity.assign_project_role_to_user(project, user, role)
            customer = connect(name, name)
            undo.callback(_delete_security_groups, admin, project.id)
        _server(customer, name, undo)
        with _timed("delete everything"):
            undo.close()
    print(f"{time.monotonic() - began:6.2f} s  in all")


def _server(cloud: Any, name: str, undo: ExitStack) -> None:
    compute, network, volumes = cloud.compute, cloud.network, cloud.block_storage
    with _timed("network and subnet"):
        net = network.create_network(name=name)
        undo.callback(network.delete_network, net)
        subnet = network.create_subnet(network_id=net.id, cidr="192.168.0.0/24", ip_version=4)
    with _timed("router with gateway and interface"):
        external = network.find_network("external", ignore_missing=False)
        router = network.create_router(name=name, external_gateway_info={"network_id": external.id})
        undo.callback(network.delete_router, router)
        network.add_interface_to_router(router, subnet_id=subnet.id)
        undo.callback(network.remove_interface_from_router, router, subnet_id=subnet.id)
    with _timed("port"):
        port = network.create_port(network_id=net.id)
        undo.callback(network.delete_port, port)
    with _timed("volume from image"):
        image = cloud.image.find_image("cirros", ignore_missing=False)
        volume = volumes.create_volume(name=name, size=1, image_id=image.id, volume_type="hdd")
        undo.callback(_delete, volumes.delete_volume, volumes.get_volume, volume)
        _wait(volumes.get_volume, volume, "available")
    with _timed("server boots from it"):
        flavor = compute.find_flavor("m1.tiny", ignore_missing=False)
        disk = {"uuid": volume.id, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
        server = compute.create_server(
            name=name, flavor_id=flavor.id, networks=[{"port": port.id}], block_device_mapping=[disk]
        )
        undo.callback(_delete, compute.delete_server, compute.get_server, server)
        _wait(compute.get_server, server, "ACTIVE")
    with _timed("floating IP"):
        address = network.create_ip(floating_network_id=external.id, port_id=port.id)
        undo.callback(network.delete_ip, address)
        _wait(network.get_ip, address, "ACTIVE")
    with _timed("stop"):
        compute.stop_server(server)
        _wait(compute.get_server, server, "SHUTOFF")
    with _timed("start"):
        compute.start_server(server)
        _wait(compute.get_server, server, "ACTIVE")
    with _timed("console"):
        compute.create_console(server, console_type="novnc")
    with _timed("snapshot of the volume"):
        snapshot = volumes.create_snapshot(volume_id=volume.id, is_forced=True)
        undo.callback(_delete, volumes.delete_snapshot, volumes.get_snapshot, snapshot)
        _wait(volumes.get_snapshot, snapshot, "available")
    with _timed("backup of the volume"):
        backup = volumes.create_backup(volume_id=volume.id, force=True)
        undo.callback(_delete, volumes.delete_backup, volumes.get_backup, backup)
        _wait(volumes.get_backup, backup, "available")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:6.2f} s  {what}", flush=True)


def _wait(get: Callable[[str], Any], resource: Any, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (status := get(resource.id).status) != wanted:
        if status.upper().startswith("ERROR") or time.monotonic() > deadline:
            raise LabError(f"{resource.name or resource.id} became {status}, not {wanted}")
        time.sleep(0.1)


def _delete(delete: Callable[[Any], Any], get: Callable[[str], Any], resource: Any) -> None:
    """Delete, and wait until it is gone: what it stands on cannot be deleted before."""
    delete(resource)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            get(resource.id)
        except openstack.exceptions.NotFoundException:
            return
        time.sleep(0.1)
    raise LabError(f"{resource.name or resource.id} does not go away")


def _delete_security_groups(admin: Any, project_id: str) -> None:
    """Neutron makes a project's "default" group unasked, and keeps it when the project is gone."""
    for group in admin.network.security_groups(project_id=project_id):
        admin.network.delete_security_group(group)
