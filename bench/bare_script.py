"""The same work by a bare openstacksdk script: the yardstick. Same calls, same order, no records, no recovery."""

import time
from typing import Any

import openstack

GROUPS: dict[str, list[Any]] = {"ssh": [(22, 22)], "ping": [None], "rdp": [(3389, 3389)], "web": [(80, 80), (443, 443)]}


def connect(auth_url: str, **scope: Any) -> Any:
    return openstack.connect(
        auth_url=auth_url,
        username="admin",
        password="secret",
        user_domain_name="Default",
        **(scope or dict[str, Any](project_domain_name="Default", project_name="admin")),
    )


def create_tenant(auth_url: str, name: str) -> tuple[float, Any, dict[str, Any]]:
    """Seconds, a connection scoped to the project, and what a server needs of it."""
    admin = connect(auth_url)
    admin.authorize()
    external = next(iter(admin.network.networks(is_router_external=True)))
    began = time.perf_counter()
    project = admin.identity.create_project(name=name, domain_id="default", tags=["bench"])
    roles = {role.name: role for role in admin.identity.roles()}
    admin.identity.assign_project_role_to_user(project, admin.current_user_id, roles["admin"])
    user = admin.identity.create_user(
        name=f"{name}-user", password="bench-password", domain_id="default", default_project_id=project.id
    )
    admin.identity.assign_project_role_to_user(project, user, roles["member"])
    admin.compute.put(f"/os-quota-sets/{project.id}", json={"quota_set": {"cores": 20, "ram": 51200, "instances": 30}})
    volumes = {"volumes": 50, "gigabytes": 1024, "snapshots": 50}
    admin.block_storage.put(f"/os-quota-sets/{project.id}", json={"quota_set": volumes})
    admin.network.put(f"/quotas/{project.id}", json={"quota": {"network": 10, "subnet": 10, "floatingip": 50}})
    tenant = connect(auth_url, project_id=project.id)
    parts = create_network(tenant, name, external.id)
    parts["group"] = create_groups(tenant)
    read_catalogue(tenant, project.id)
    return time.perf_counter() - began, tenant, {**parts, "external": external.id}


def create_network(tenant: Any, name: str, external: str) -> dict[str, Any]:
    network = tenant.network.create_network(name=f"{name}-int-net")
    subnet = tenant.network.create_subnet(network_id=network.id, cidr="192.168.42.0/24", ip_version=4)
    router = tenant.network.create_router(name=f"{name}-router")
    tenant.network.add_interface_to_router(router, subnet_id=subnet.id)
    tenant.network.update_router(router, external_gateway_info={"network_id": external})
    return {"network": network.id, "subnet": subnet.id}


def create_groups(tenant: Any) -> str:
    made = {}
    for name, rules in GROUPS.items():
        made[name] = tenant.network.create_security_group(name=name)
        for ports in rules:
            low, high = ports or (None, None)
            tenant.network.create_security_group_rule(
                security_group_id=made[name].id,
                direction="ingress",
                protocol="tcp" if ports else "icmp",
                port_range_min=low,
                port_range_max=high,
            )
    return str(made["ssh"].id)


def read_catalogue(tenant: Any, project_id: str) -> None:
    listings: tuple[Any, ...] = (
        tenant.compute.flavors(),
        tenant.image.images(),
        tenant.block_storage.types(),
        tenant.compute.availability_zones(),
        tenant.block_storage.availability_zones(),
        tenant.network.security_groups(project_id=project_id),
    )
    for listing in listings:
        list(listing)
    tenant.compute.get(f"/os-quota-sets/{project_id}/detail")
    tenant.block_storage.get(f"/os-quota-sets/{project_id}?usage=true")
    tenant.network.get(f"/quotas/{project_id}/details.json")


def create_server(tenant: Any, parts: dict[str, Any], name: str) -> float:
    """Seconds for two volumes, a port, a server and a floating IP."""
    flavor, image = tenant.compute.find_flavor("m1.tiny"), tenant.image.find_image("cirros")
    began = time.perf_counter()
    volumes = [
        tenant.block_storage.create_volume(name=f"{name}-system", size=1, image_id=image.id),
        tenant.block_storage.create_volume(name=f"{name}-data", size=1),
    ]
    port = tenant.network.create_port(network_id=parts["network"], security_groups=[parts["group"]])
    for volume in volumes:
        tenant.block_storage.wait_for_status(volume, "available", interval=0.2, wait=120)
    devices = [
        {"uuid": volume.id, "source_type": "volume", "destination_type": "volume", "boot_index": index and -1}
        for index, volume in enumerate(volumes)
    ]
    server = tenant.compute.create_server(
        name=name, flavor_id=flavor.id, networks=[{"port": port.id}], block_device_mapping=devices
    )
    server = tenant.compute.wait_for_server(server, interval=0.2, wait=120)
    address = tenant.network.create_ip(floating_network_id=parts["external"])
    tenant.network.update_ip(address, port_id=port.id)
    for volume in volumes:
        tenant.block_storage.get_volume(volume.id)
    list(tenant.network.ports(device_id=server.id))
    return time.perf_counter() - began


def create_large_server(tenant: Any, parts: dict[str, Any], volumes: int, ports: int) -> None:
    """A server with so many volumes and ports, each port on a network of its own."""
    flavor, image = tenant.compute.find_flavor("m1.tiny"), tenant.image.find_image("cirros")
    made = [tenant.block_storage.create_volume(name="large-system", size=1, image_id=image.id)]
    made += [tenant.block_storage.create_volume(name=f"large-{number}", size=1) for number in range(volumes - 1)]
    networks = [network.id for network in tenant.network.networks(is_router_external=False)][:ports]
    attached = [tenant.network.create_port(network_id=network) for network in networks]
    for volume in made:
        tenant.block_storage.wait_for_status(volume, "available", interval=0.2, wait=120)
    devices = [
        {"uuid": volume.id, "source_type": "volume", "destination_type": "volume", "boot_index": index and -1}
        for index, volume in enumerate(made)
    ]
    server = tenant.compute.create_server(
        name="large",
        flavor_id=flavor.id,
        networks=[{"port": port.id} for port in attached],
        block_device_mapping=devices,
    )
    tenant.compute.wait_for_server(server, interval=0.2, wait=120)


def delete_tenant(auth_url: str, tenant: Any) -> None:
    """Everything in the project that the script has made, then the project."""
    admin = connect(auth_url)
    project = tenant.current_project_id
    for port in tenant.network.ports(project_id=project):
        if port.device_owner.startswith("network:router_interface"):
            tenant.network.remove_interface_from_router(port.device_id, port_id=port.id)
        elif not port.device_owner:
            tenant.network.delete_port(port)
    for router in tenant.network.routers(project_id=project):
        tenant.network.delete_router(router)
    for network in tenant.network.networks(project_id=project):
        tenant.network.delete_network(network)
    for group in tenant.network.security_groups(project_id=project):
        if group.name != "default":
            tenant.network.delete_security_group(group)
    admin.identity.delete_project(project)
