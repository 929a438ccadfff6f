"""Tenants."""

from tests.e2e.client.scenarios.base import Renamable, Scenarios, Stateful
from tests.e2e.client.stage import ROOM, Row
from waldur_openstack import models
from waldur_openstack.cloud import Cloud

RULE = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr": "0.0.0.0/0"}


class Tenants(Stateful, Renamable):
    section, model = "openstack_tenants", models.Tenant

    def standing(self) -> Row:
        return self.stage.tenant

    def make(self) -> Row:
        return self.stage.estate.build_tenant(attributes={"name": self.stage.name()}, limits=ROOM)

    def backend_instances_list(self) -> None:
        found = {server.backend_id: server for server in self.call("backend_instances_list", self.stage.tenant)}
        assert found[self.stage.server.backend_id].name == "sequencer"

    def backend_volumes_list(self) -> None:
        found = {volume.backend_id: volume for volume in self.call("backend_volumes_list", self.stage.tenant)}
        assert found[self.stage.volume.backend_id].size == self.stage.volume.size

    def topology_retrieve(self) -> None:
        found = self.call("topology_retrieve", self.stage.tenant, who="member")
        names = {(node.type_.value, node.name) for node in found.nodes}
        assert {("tenant", "genome"), ("instance", "sequencer"), ("subnet", "genome-sub-net")} <= names
        assert {end for edge in found.edges for end in (edge.source, edge.target)} <= {node.id for node in found.nodes}

    def change_password(self) -> None:
        tenant = self.stage.neighbour
        assert self.call("change_password", tenant, {"user_password": "Correct-Horse-7"}).status
        assert self.stage.now(tenant).user_password == "Correct-Horse-7"

    def create_floating_ip(self) -> None:
        found = self.call("create_floating_ip", self.stage.tenant, {})
        assert self.stage.now(models.FloatingIP.objects.get(uuid=found.uuid)).address

    def create_network(self) -> None:
        name = self.stage.name()
        found = self.call("create_network", self.stage.tenant, {"name": name, "description": "for tests"})
        assert (found.name, found.tenant_name, found.subnets) == (name, "genome", [])
        assert self.stage.now(models.Network.objects.get(uuid=found.uuid)).backend_id

    def create_security_group(self) -> None:
        body = {"name": self.stage.name(), "rules": [RULE]}
        found = self.call("create_security_group", self.stage.tenant, body)
        assert [(rule.from_port, rule.cidr) for rule in found.rules] == [(443, "0.0.0.0/0")]
        assert self.stage.now(models.SecurityGroup.objects.get(uuid=found.uuid)).backend_id

    def create_server_group(self) -> None:
        body = {"name": self.stage.name(), "policy": "soft-affinity"}
        found = self.call("create_server_group", self.stage.tenant, body)
        assert (found.policy.value, found.instances) == ("soft-affinity", [])
        assert self.stage.now(models.ServerGroup.objects.get(uuid=found.uuid)).backend_id

    def pull_floating_ips(self) -> None:
        self._pulls("pull_floating_ips")

    def pull_quotas(self) -> None:
        assert self._pulls("pull_quotas").status

    def pull_security_groups(self) -> None:
        assert self._pulls("pull_security_groups").status

    def pull_server_groups(self) -> None:
        assert self._pulls("pull_server_groups").status

    def _pulls(self, action: str) -> Row:
        answer = self.call(action, self.stage.tenant)
        self.stage.now(self.stage.tenant)
        return answer

    def push_security_groups(self) -> None:
        """All groups at once: what is not named goes, but never the default group."""
        groups = models.SecurityGroup.objects.filter(tenant=self.stage.neighbour)
        self.call("create_security_group", self.stage.neighbour, {"name": "old", "rules": []})
        assert self.call("push_security_groups", self.stage.neighbour, [{"name": "new", "rules": [RULE]}]).status
        assert {group.name for group in groups.filter(state="OK")} == {"default", "new"}

    def set_quotas(self) -> None:
        assert self.call("set_quotas", self.stage.neighbour, {"network_count": 7}, who="staff").status
        found = self.call("retrieve", self.stage.neighbour)
        assert {quota.limit for quota in found.quotas if quota.name == "network_count"} == {7}
        self.call("set_quotas", self.stage.neighbour, {"network_count": 500}, who="staff")


class MarketplaceTenants(Scenarios):
    """Images that providers put into tenants of their customers."""

    section, model = "openstack_marketplace_tenants", models.Tenant
    IMAGE = b"QFI\xfb" + bytes(1020)

    def standing(self) -> Row:
        return self.stage.tenant

    def create_image(self) -> None:
        assert self._created().status == "queued"

    def _created(self) -> Row:
        body = {"name": self.stage.name(), "disk_format": "qcow2", "min_ram": 64}
        return self.call("create_image", self.stage.tenant, body, who="provider_owner")

    def upload_image_data(self) -> None:
        """The client's own function sends the name of a file as JSON instead of its bytes, which no server can make an
        image of. So the bytes are sent to the same address by the client's own connection, and its parser reads the
        answer."""
        created = self._created()
        answer = self.stage.upload(created.upload_url, self.stage.tenant, created.image_id, self.IMAGE)
        assert answer.status and answer.message
        image = Cloud.of(self.stage.tenant.service_settings).image.image(str(created.image_id))
        assert image and (image["status"], image["size"]) == ("active", len(self.IMAGE))
