"""One twin for all tests; each starts from the seed contents, with a project and a user of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openstack
import pytest

from tests.twins.wire import Wire, login
from twins.openstack import OpenStackTwin, TwinClient


@pytest.fixture(scope="session")
def shared_twin() -> Iterator[OpenStackTwin]:
    with OpenStackTwin(latency="instant") as twin:
        yield twin


@pytest.fixture
def twin(shared_twin: OpenStackTwin) -> OpenStackTwin:
    shared_twin.client.reset()
    shared_twin.client.set_latency("instant")
    shared_twin.client.set_max_limit(1000)
    return shared_twin


@pytest.fixture
def inspect(twin: OpenStackTwin) -> TwinClient:
    return twin.client


@pytest.fixture
def admin(twin: OpenStackTwin) -> Wire:
    return login(twin.base_url, "admin", "secret", "admin")


def add_member(admin: Wire, name: str) -> Wire:
    """A project with one member of the same name."""
    project = admin.post("/v3/projects", {"project": {"name": name}})["project"]
    user = admin.post("/v3/users", {"user": {"name": name, "password": "pw"}})["user"]
    role = admin.get("/v3/roles?name=member")["roles"][0]
    admin.put(f"/v3/projects/{project['id']}/users/{user['id']}/roles/{role['id']}")
    return login(admin.base, name, "pw", name)


@pytest.fixture
def member(admin: Wire) -> Wire:
    return add_member(admin, "blue")


@pytest.fixture
def stranger(admin: Wire) -> Wire:
    return add_member(admin, "red")


@dataclass
class Site:
    """A network with a subnet behind a router with a gateway, and what a server needs."""

    network_id: str
    subnet_id: str
    router_id: str
    external_id: str
    flavor_id: str
    image_id: str


@pytest.fixture
def site(member: Wire, inspect: TwinClient) -> Site:
    external_id = inspect.external_network_id
    network = member.post("/network/v2.0/networks", {"network": {"name": "net"}})["network"]
    subnet = {"network_id": network["id"], "ip_version": 4, "cidr": "10.7.0.0/24"}
    subnet_id = member.post("/network/v2.0/subnets", {"subnet": subnet})["subnet"]["id"]
    gateway = {"name": "router", "external_gateway_info": {"network_id": external_id}}
    router_id = member.post("/network/v2.0/routers", {"router": gateway})["router"]["id"]
    member.put(f"/network/v2.0/routers/{router_id}/add_router_interface", {"subnet_id": subnet_id})
    flavors = {row["name"]: row["id"] for row in member.get("/compute/v2.1/flavors")["flavors"]}
    images = {row["name"]: row["id"] for row in member.get("/image/v2/images")["images"]}
    return Site(network["id"], subnet_id, router_id, external_id, flavors["m1.tiny"], images["cirros"])


def sdk(twin: OpenStackTwin, user: str, password: str, project: str) -> Any:
    return openstack.connect(
        auth_url=twin.auth_url,
        username=user,
        password=password,
        project_name=project,
        user_domain_name="Default",
        project_domain_name="Default",
        region_name="RegionOne",
        load_yaml_config=False,
        load_envvars=False,
    )
