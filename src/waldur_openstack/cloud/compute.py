"""Nova 2.1. Microversion 2.19 is the floor (seed); a call that needs more asks for what it needs."""

import re
from collections.abc import Iterator
from datetime import datetime

from waldur_core.operations.errors import NotFound
from waldur_openstack.cloud.gateway import JSON, Gateway, as_text

FLOOR = "2.19"  # server descriptions
FLAVOR_IN_SERVER = "2.47"
REMOTE_CONSOLES = "2.6"
VOLUMES_GROW = "2.51"  # from here on Nova tells a running server that its volume has grown
KEYPAIRS_OF_OTHERS = "2.10"
SERVER_GROUP_OWNER = "2.13"
SOFT_POLICIES = "2.15"
ONE_POLICY = "2.64"  # `policy`, formerly the list `policies`
RESCUE_OF_VOLUMES = "2.87"


class Compute(Gateway):
    service_type = "compute"
    min_version = "2.1"
    max_version = "2.latest"
    probe = "/flavors"

    def flavors(self, *, everywhere: bool = False) -> list[JSON]:
        """The public ones and one's own; or, for administrators, all of the cloud."""
        return list(self.pages("/flavors/detail", "flavors", is_public="None" if everywhere else None))

    def users_of_flavor(self, flavor_id: str) -> list[str]:
        """The projects that may use a private flavor; none when it has gone meanwhile."""
        try:
            access = self.get(f"/flavors/{flavor_id}/os-flavor-access")["flavor_access"]
        except NotFound:
            return []
        return [item["tenant_id"] for item in access]

    def zones(self) -> list[JSON]:
        return self.get("/os-availability-zone")["availabilityZoneInfo"]

    def create_server(self, server: JSON, hints: JSON | None = None) -> JSON:
        body = {"server": server, **({"os:scheduler_hints": hints} if hints else {})}
        return self.post("/servers", body, microversion=FLOOR)["server"]

    def server(self, server_id: str) -> JSON | None:
        return self.find(f"/servers/{server_id}", "server", microversion=self._version())

    def _version(self) -> str:
        """The one that tells the size of a server in the server, where the cloud has it."""
        return FLAVOR_IN_SERVER if self.supports(FLAVOR_IN_SERVER) else FLOOR

    def find_server(self, name: str, metadata: JSON) -> JSON | None:
        """The server of this name that carries our metadata."""
        for server in self.pages("/servers/detail", "servers", microversion=FLOOR, name=f"^{re.escape(name)}$"):
            if server["name"] == name and metadata.items() <= server["metadata"].items():
                return server
        return None

    def servers(self) -> list[JSON]:
        return list(self.pages("/servers/detail", "servers", microversion=self._version()))

    def server_pages(self, since: datetime | None = None) -> Iterator[list[JSON]]:
        """The servers of the whole cloud by id; those changed `since`, with the deleted. For administrators."""
        changed = {"changes-since": as_text(since)} if since else {}
        sort = {"all_tenants": "1", "sort_key": "uuid", "sort_dir": "asc"}
        return self.page_by_page("/servers/detail", "servers", microversion=self._version(), **sort, **changed)

    def server_ids(self) -> Iterator[list[JSON]]:
        """The same, little more than their ids."""
        sort = {"all_tenants": "1", "sort_key": "uuid", "sort_dir": "asc"}
        return self.page_by_page("/servers", "servers", microversion=FLOOR, **sort)

    def delete_server(self, server_id: str) -> None:
        self.delete(f"/servers/{server_id}")

    def update_server(self, server_id: str, **attributes: object) -> JSON:
        return self.put(f"/servers/{server_id}", {"server": attributes}, microversion=FLOOR)["server"]

    def set_metadata(self, server_id: str, metadata: JSON) -> None:
        """Replace all metadata of a server."""
        self.put(f"/servers/{server_id}/metadata", {"metadata": metadata})

    def act(self, server_id: str, action: str, argument: object = None, *, microversion: str = FLOOR) -> None:
        self.post(f"/servers/{server_id}/action", {action: argument}, microversion=microversion)

    def rescue(self, server_id: str, image_id: str = "") -> None:
        """Boot from another image; servers that boot from a volume need Nova of 2020 or later."""
        version = RESCUE_OF_VOLUMES if self.supports(RESCUE_OF_VOLUMES) else FLOOR
        argument = {"rescue_image_ref": image_id} if image_id else None
        self.act(server_id, "rescue", argument, microversion=version)

    def console_log(self, server_id: str, length: int | None = None) -> str:
        """The last `length` lines that the server wrote to its serial console; all of them by default."""
        argument = {"length": length} if length else {}
        answer = self.post(f"/servers/{server_id}/action", {"os-getConsoleOutput": argument}, microversion=FLOOR)
        return str(answer["output"])

    def console(self, server_id: str, kind: str = "novnc") -> str:
        """URL of the graphical console."""
        if self.supports(REMOTE_CONSOLES):
            body = {"remote_console": {"protocol": "vnc" if "vnc" in kind else kind.split("-")[0], "type": kind}}
            answer = self.post(f"/servers/{server_id}/remote-consoles", body, microversion=REMOTE_CONSOLES)
            return str(answer["remote_console"]["url"])
        answer = self.post(f"/servers/{server_id}/action", {"os-getVNCConsole": {"type": kind}})
        return str(answer["console"]["url"])

    def attachments(self, server_id: str) -> list[JSON]:
        try:
            return self.get(f"/servers/{server_id}/os-volume_attachments")["volumeAttachments"]
        except NotFound:
            return []

    def attach_volume(self, server_id: str, volume_id: str, device: str = "") -> JSON:
        """Attach; a `device` is a wish that hypervisors need not grant."""
        body = {"volumeId": volume_id, **({"device": device} if device else {})}
        return self.post(f"/servers/{server_id}/os-volume_attachments", {"volumeAttachment": body})["volumeAttachment"]

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        self.delete(f"/servers/{server_id}/os-volume_attachments/{volume_id}")

    def interfaces(self, server_id: str) -> list[JSON]:
        """The ports of a server, as {port_id, net_id, mac_addr, fixed_ips}; none when there is no such server."""
        try:
            return self.get(f"/servers/{server_id}/os-interface")["interfaceAttachments"]
        except NotFound:
            return []

    def attach_port(self, server_id: str, port_id: str) -> JSON:
        body = {"interfaceAttachment": {"port_id": port_id}}
        return self.post(f"/servers/{server_id}/os-interface", body)["interfaceAttachment"]

    def detach_port(self, server_id: str, port_id: str) -> None:
        """Ask for it; Nova does it later."""
        self.delete(f"/servers/{server_id}/os-interface/{port_id}")

    def keypair(self, name: str) -> JSON | None:
        return self.find(f"/os-keypairs/{name}", "keypair")

    def keypairs(self) -> list[JSON]:
        return [item["keypair"] for item in self.get("/os-keypairs")["keypairs"]]

    def create_keypair(self, name: str, public_key: str) -> JSON:
        return self.post("/os-keypairs", {"keypair": {"name": name, "public_key": public_key}})["keypair"]

    def delete_keypair(self, name: str) -> None:
        self.delete(f"/os-keypairs/{name}")

    def keypairs_of(self, user_id: str) -> list[JSON]:
        """The key pairs of another user; for administrators."""
        found = self.get("/os-keypairs", microversion=KEYPAIRS_OF_OTHERS, user_id=user_id)
        return [item["keypair"] for item in found["keypairs"]]

    def create_keypair_for(self, user_id: str, name: str, public_key: str) -> JSON:
        body = {"name": name, "public_key": public_key, "user_id": user_id, "type": "ssh"}
        return self.post("/os-keypairs", {"keypair": body}, microversion=KEYPAIRS_OF_OTHERS)["keypair"]

    def delete_keypair_of(self, user_id: str, name: str) -> None:
        self.delete(f"/os-keypairs/{name}", microversion=KEYPAIRS_OF_OTHERS, user_id=user_id)

    def server_groups(self, *, everywhere: bool = False) -> list[JSON]:
        """All groups of the project (or the cloud), with `policy` and `user_id`, however old Nova is. By offset."""
        found: list[JSON] = []
        whole = {"all_projects": "True"} if everywhere else {}
        while True:
            params = {"limit": self.page_size, "offset": len(found), **whole}
            page = self.get("/os-server-groups", microversion=SERVER_GROUP_OWNER, **params)["server_groups"]
            found += [{**group, "policy": (group["policies"] or [""])[0]} for group in page]
            if len(page) < self.page_size:
                return found

    def create_server_group(self, name: str, policy: str) -> JSON:
        if self.supports(ONE_POLICY):
            body: JSON = {"name": name, "policy": policy}
            return self.post("/os-server-groups", {"server_group": body}, microversion=ONE_POLICY)["server_group"]
        body = {"name": name, "policies": [policy]}
        return self.post("/os-server-groups", {"server_group": body}, microversion=SOFT_POLICIES)["server_group"]

    def server_group(self, group_id: str) -> JSON | None:
        """With its project, which old versions do not tell."""
        return self.find(f"/os-server-groups/{group_id}", "server_group", microversion=SERVER_GROUP_OWNER)

    def delete_server_group(self, group_id: str) -> None:
        self.delete(f"/os-server-groups/{group_id}")

    def quotas(self, project_id: str) -> JSON:
        """{name: {limit, in_use, reserved}}."""
        return self.get(f"/os-quota-sets/{project_id}/detail")["quota_set"]

    def set_quotas(self, project_id: str, limits: JSON) -> None:
        self.put(f"/os-quota-sets/{project_id}", {"quota_set": {**limits, "force": True}})

    def delete_quotas(self, project_id: str) -> None:
        self.delete(f"/os-quota-sets/{project_id}")
