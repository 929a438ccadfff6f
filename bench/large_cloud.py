"""A cloud of many tenants, each with the same contents, and the rows of a system that knows of them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import free_port, stop, wait_until_answers
from twins.openstack import OpenStackTwin, TwinClient
from twins.openstack.population import ids_of, multiply

SERVERS, VOLUMES, PORTS = 10, 20, 25  # of each tenant
PASSWORD = "secret"


@dataclass
class LargeCloud:
    auth_url: str
    client: TwinClient
    projects: list[str]


@contextmanager
def large_cloud(directory: Path, tenants: int, latency: str, answer_seconds: float) -> Iterator[LargeCloud]:
    """The twin in a process of its own; each answer takes at least so many seconds."""
    saved = directory / "cloud.json"
    projects = _populate(saved, tenants)
    port = free_port(0)
    command = [sys.executable, "-m", "twins.openstack", "--port", str(port), "--latency", latency, "--quiet"]
    process = subprocess.Popen([*command, "--state", str(saved)], stdout=subprocess.DEVNULL)
    auth_url = f"http://127.0.0.1:{port}/v3"
    try:
        wait_until_answers(auth_url, process, "twin", seconds=300)
        client = TwinClient(f"http://127.0.0.1:{port}")
        if answer_seconds:
            client.add_fault("delay", seconds=answer_seconds, times=0)
        yield LargeCloud(auth_url, client, projects)
    finally:
        stop([process])


def _populate(saved: Path, tenants: int) -> list[str]:
    """One tenant is made through the API, the others are its copies."""
    from waldur_openstack.cloud import Cloud, Credentials

    with OpenStackTwin(port=0, latency="instant", state=saved) as twin:
        assert twin.cloud
        twin.cloud.clock.offset = -3600.0  # it was all made an hour ago, not just now
        before = ids_of(twin.cloud.state)
        admin = Cloud(Credentials(twin.auth_url, "admin", PASSWORD, project_name="admin"))
        project = str(admin.identity.create_project(name="bench", domain_id="default")["id"])
        role = admin.identity.roles()["admin"]
        admin.identity.grant_role(project, admin.identity.own_user_id(), role)
        _fill(admin.in_project(project), admin, project)
        twin.cloud.advance()
        projects = multiply(twin.cloud.state, before, project, tenants - 1)
        twin.cloud.clock.offset = 0.0
        return [project, *projects]


def _fill(cloud: Any, admin: Any, project: str) -> None:
    admin.compute.set_quotas(project, {"cores": -1, "ram": -1, "instances": -1})
    admin.block_storage.set_quotas(project, {"volumes": -1, "gigabytes": -1})
    network = cloud.network.create("network", name="net")
    cloud.network.create("subnet", name="sub", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    ports = [cloud.network.create("port", name=f"port-{n}", network_id=network["id"]) for n in range(PORTS)]
    flavor = next(flavor for flavor in cloud.compute.flavors() if flavor["name"] == "m1.tiny")
    volumes = [cloud.block_storage.create_volume(name=f"volume-{n}", size=1, imageRef=None) for n in range(VOLUMES)]
    image = next(image for image in cloud.image.images() if image["name"] == "cirros")
    for number in range(SERVERS):
        server = cloud.compute.create_server(
            {
                "name": f"server-{number}",
                "flavorRef": flavor["id"],
                "imageRef": image["id"],
                "networks": [{"port": ports[number]["id"]}],
            }
        )
        cloud.compute.attach_volume(server["id"], volumes[number]["id"])
