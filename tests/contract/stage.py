"""A project of our own in a cloud, simulated or real, and the objects that tests make in it."""

import itertools
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from waldur_core.operations.errors import CloudConflict
from waldur_openstack.cloud import Cloud, Credentials
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.workflows.identity import cleanup

PASSWORD = "Contract-1"
RUN = uuid.uuid4().hex[:8]
_numbers = itertools.count(1)


def unique(what: str = "thing") -> str:
    """A name nobody else has, not even an earlier run."""
    return f"contract-{RUN}-{what}-{next(_numbers)}"


def eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until the condition is true, and return what it said."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.02)
    return found


class Site:
    """One cloud under test, with one project that lives as long as the session."""

    def __init__(self, name: str, auth_url: str, password: str, later: ExitStack) -> None:
        self.name = name
        self.later = later
        self.admin = Cloud(Credentials(auth_url, "admin", password, project_name="admin"))
        self.external_network_id = str(self._external_network()["id"])
        self.roles = self.admin.identity.roles()
        self.project_id = self.new_project(later)
        self.cloud = self.admin.in_project(self.project_id)
        self.member = self.new_member(later)
        self._server: JSON | None = None

    def _external_network(self) -> JSON:
        found = self.admin.network.first("network", name="external", **{"router:external": True})
        assert found, "the cloud has no network called 'external'"
        return found

    def new_project(self, later: ExitStack, **attributes: Any) -> str:
        """An empty project in which the administrator may work."""
        identity = self.admin.identity
        project = identity.create_project(name=unique("project"), domain_id="default", **attributes)
        later.callback(self.remove_project, project["id"])
        identity.grant_role(project["id"], identity.own_user_id(), self.roles["admin"])
        return str(project["id"])

    def new_member(self, later: ExitStack, project_id: str = "") -> Cloud:
        """The cloud as an ordinary user of a project sees it."""
        identity, name = self.admin.identity, unique("user")
        user = identity.create_user(name=name, password=PASSWORD, domain_id="default")
        later.callback(identity.delete_user, user["id"])
        project_id = project_id or self.project_id
        identity.grant_role(project_id, user["id"], self.roles["member"])
        return Cloud(Credentials(self.admin.credentials.auth_url, name, PASSWORD, project_id=project_id))

    def remove_project(self, project_id: str) -> None:
        """Everything inside, the quotas, and the project."""
        if self.admin.identity.find_project(project_id) is None:
            return
        cloud = self.admin.in_project(project_id)
        cleanup.delete_servers(cloud, project_id)
        eventually(lambda: not cloud.compute.servers())
        cleanup.delete_snapshots(cloud, project_id)
        eventually(lambda: not cloud.block_storage.snapshots())
        cleanup.delete_volumes(cloud, project_id)
        eventually(lambda: not cloud.block_storage.volumes())
        for empty in (
            cleanup.delete_floating_ips,
            cleanup.clear_routes,
            cleanup.delete_ports,
            cleanup.delete_all("router"),
            cleanup.delete_all("network"),
            cleanup.delete_server_groups,
        ):
            empty(cloud, project_id)
        cleanup.delete_default_security_group(self.admin, project_id)
        for service in (self.admin.compute, self.admin.block_storage, self.admin.network):
            service.delete_quotas(project_id)
        self.admin.identity.delete_project(project_id)

    @property
    def server(self) -> JSON:
        """A server that all tests may look at and none changes, as Nova answered when it was ACTIVE."""
        if self._server is None:
            self._server = Room(self, self.later).active_server(
                name=f"{unique('server')} (a+b) [c].*", metadata={"waldur_uuid": "shared"}
            )
        return self._server


class Room:
    """Makes objects in the site's project and removes them after the test, the last made first."""

    def __init__(self, site: Site, later: ExitStack) -> None:
        self.site, self.later = site, later
        self.admin, self.cloud, self.project_id = site.admin, site.cloud, site.project_id

    def make(self, kind: str, **attributes: Any) -> JSON:
        """An object of Neutron."""
        made = self.cloud.network.create(kind, **attributes)
        self.later.callback(self.cloud.network.remove, kind, made["id"])
        return made

    def network(self, **attributes: Any) -> JSON:
        return self.make("network", **{"name": unique("network"), **attributes})

    def subnet(self, network: JSON | None = None, **attributes: Any) -> JSON:
        network_id = (network or self.network())["id"]
        wanted = {"name": unique("subnet"), "cidr": "192.168.42.0/24", "ip_version": 4, **attributes}
        return self.make("subnet", network_id=network_id, **wanted)

    def router(self, **attributes: Any) -> JSON:
        return self.make("router", **{"name": unique("router"), **attributes})

    def connect(self, router: JSON, subnet: JSON) -> JSON:
        """Put the subnet on the router; returns the interface's port."""
        network = self.cloud.network
        network.add_router_interface(router["id"], subnet["id"])
        port = network.first("port", device_id=router["id"], fixed_ips=f"subnet_id={subnet['id']}")
        assert port
        self.later.callback(self._disconnect, router, port)
        return port

    def _disconnect(self, router: JSON, port: JSON) -> None:
        if self.cloud.network.show("port", port["id"]):
            self.cloud.network.remove_router_interface(router["id"], port["id"])

    def set_gateway(self, router: JSON) -> JSON:
        gateway = {"network_id": self.site.external_network_id}
        return self.cloud.network.update("router", router["id"], external_gateway_info=gateway)

    def volume(self, *, ready: bool = True, **attributes: Any) -> JSON:
        storage = self.cloud.block_storage
        made = storage.create_volume(**{"name": unique("volume"), "size": 1, **attributes})
        self.later.callback(self._remove_volume, made["id"])
        return self.volume_in(made["id"], "available") if ready else made

    def volume_in(self, volume_id: str, status: str) -> JSON:
        def look() -> JSON | None:
            volume = self.cloud.block_storage.volume(volume_id)
            assert volume, f"waiting for {status}, but the volume is gone"
            assert status.startswith("error") or not volume["status"].startswith("error"), volume["status"]
            return volume if volume["status"] == status else None

        return eventually(look)

    def _remove_volume(self, volume_id: str) -> None:
        storage = self.cloud.block_storage

        def gone() -> bool:
            try:
                storage.delete_volume(volume_id)
            except CloudConflict:
                return False
            return storage.volume(volume_id) is None

        eventually(gone)

    def boot_volume(self) -> JSON:
        return self.volume(imageRef=self.image("cirros")["id"])

    def image(self, name: str) -> JSON:
        return next(image for image in self.cloud.image.images(name=name))

    def flavor(self, name: str = "m1.tiny") -> JSON:
        return next(flavor for flavor in self.cloud.compute.flavors() if flavor["name"] == name)

    def server_body(self, **attributes: Any) -> JSON:
        """What our workflow sends: a port and a boot volume that exist already."""
        if "networks" not in attributes:
            attributes["networks"] = [{"port": self.port()["id"]}]
        if "block_device_mapping_v2" not in attributes:
            attributes["block_device_mapping_v2"] = [device(self.boot_volume(), 0)]
        return {"name": unique("server"), "flavorRef": self.flavor()["id"], **attributes}

    def port(self) -> JSON:
        network = self.network()
        subnet = self.subnet(network)
        return self.make("port", name=unique("port"), network_id=network["id"], fixed_ips=[{"subnet_id": subnet["id"]}])

    def server(self, hints: JSON | None = None, **attributes: Any) -> JSON:
        made = self.cloud.compute.create_server(self.server_body(**attributes), hints)
        self.later.callback(self.remove_server, made["id"])
        return made

    def active_server(self, **attributes: Any) -> JSON:
        return self.server_in(self.server(**attributes)["id"], "ACTIVE")

    def server_in(self, server_id: str, status: str) -> JSON:
        """Wait until Nova reports this status and is not busy."""

        def look() -> JSON | None:
            server = self.cloud.compute.server(server_id)
            assert server, f"waiting for {status}, but the server is gone"
            assert status == "ERROR" or server["status"] != "ERROR", server.get("fault")
            return server if server["status"] == status and not server["OS-EXT-STS:task_state"] else None

        return eventually(look)

    def remove_server(self, server_id: str) -> None:
        self.cloud.compute.delete_server(server_id)
        eventually(lambda: self.cloud.compute.server(server_id) is None)


def device(volume: JSON, boot_index: int, *, goes_with_server: bool = True) -> JSON:
    return {
        "uuid": volume["id"],
        "source_type": "volume",
        "destination_type": "volume",
        "boot_index": boot_index,
        "delete_on_termination": goes_with_server,
    }
