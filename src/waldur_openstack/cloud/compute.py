"""Nova 2.1. Microversion 2.19 is the floor (seed); a call that needs more asks for what it needs."""

import re

from waldur_core.operations.errors import NotFound
from waldur_openstack.cloud.gateway import JSON, Gateway

FLOOR = "2.19"  # server descriptions
FLAVOR_IN_SERVER = "2.47"
REMOTE_CONSOLES = "2.6"


class Compute(Gateway):
    service_type = "compute"
    min_version = "2.1"
    max_version = "2.latest"
    probe = "/flavors"

    def flavors(self) -> list[JSON]:
        return list(self.pages("/flavors/detail", "flavors"))

    def zones(self) -> list[JSON]:
        return self.get("/os-availability-zone")["availabilityZoneInfo"]

    def create_server(self, server: JSON, hints: JSON | None = None) -> JSON:
        body = {"server": server, **({"os:scheduler_hints": hints} if hints else {})}
        return self.post("/servers", body, microversion=FLOOR)["server"]

    def server(self, server_id: str) -> JSON | None:
        version = FLAVOR_IN_SERVER if self.supports(FLAVOR_IN_SERVER) else FLOOR
        return self.find(f"/servers/{server_id}", "server", microversion=version)

    def find_server(self, name: str, metadata: JSON) -> JSON | None:
        """The server of this name that carries our metadata."""
        for server in self.pages("/servers/detail", "servers", microversion=FLOOR, name=f"^{re.escape(name)}$"):
            if server["name"] == name and metadata.items() <= server["metadata"].items():
                return server
        return None

    def servers(self) -> list[JSON]:
        return list(self.pages("/servers/detail", "servers", microversion=FLOOR))

    def delete_server(self, server_id: str) -> None:
        self.delete(f"/servers/{server_id}")

    def act(self, server_id: str, action: str, argument: object = None) -> None:
        self.post(f"/servers/{server_id}/action", {action: argument}, microversion=FLOOR)

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

    def server_groups(self) -> list[JSON]:
        return self.get("/os-server-groups")["server_groups"]

    def delete_server_group(self, group_id: str) -> None:
        self.delete(f"/os-server-groups/{group_id}")

    def quotas(self, project_id: str) -> JSON:
        """{name: {limit, in_use, reserved}}."""
        return self.get(f"/os-quota-sets/{project_id}/detail")["quota_set"]

    def set_quotas(self, project_id: str, limits: JSON) -> None:
        self.put(f"/os-quota-sets/{project_id}", {"quota_set": {**limits, "force": True}})

    def delete_quotas(self, project_id: str) -> None:
        self.delete(f"/os-quota-sets/{project_id}")
