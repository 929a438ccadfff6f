"""Servers and server groups."""

from typing import Any

from tests.e2e.client.scenarios.base import Removable, Renamable, Stateful
from tests.e2e.client.stage import Row
from waldur_openstack import models


class Instances(Stateful, Renamable):
    section, model = "openstack_instances", models.Instance

    def standing(self) -> Row:
        return self.stage.server

    def make(self, **attributes: Any) -> Row:
        """Without a public address and a data volume."""
        bare = {"name": self.stage.name(), "floating_ips": None, "data_volume_size": None}
        return self.stage.estate.build_server(self.stage.tenant, **bare, **attributes).scope

    def start(self) -> None:
        self.call("stop", self.stage.server)
        self._becomes("start", "ACTIVE")

    def stop(self) -> None:
        self._becomes("stop", "SHUTOFF")
        self.call("start", self.stage.server)

    def restart(self) -> None:
        self._becomes("restart", "ACTIVE")

    def _becomes(self, action: str, runtime_state: str) -> None:
        assert self.call(action, self.stage.server).status
        assert self.call("retrieve", self.stage.server).runtime_state == runtime_state

    def console_retrieve(self) -> None:
        assert self.call("console_retrieve", self.stage.server).url.startswith("http")

    def console_log(self) -> None:
        assert isinstance(self.call("console_log", self.stage.server, {"length": 3}), str)

    def console_log_retrieve(self) -> None:
        assert isinstance(self.call("console_log_retrieve", self.stage.server, length=3), str)

    def floating_ips_list(self) -> None:
        (found,) = self.call("floating_ips_list", self.stage.server, who="member")
        address = models.FloatingIP.objects.get(port__instance=self.stage.server)
        assert (found.uuid, found.address, found.subnet_name) == (address.uuid, address.address, "genome-sub-net")

    def ports_list(self) -> None:
        (found,) = self.call("ports_list", self.stage.server, who="member")
        assert (found.subnet_uuid, found.subnet_cidr) == (self.stage.subnet.uuid, self.stage.subnet.cidr)
        assert [fixed.ip_address for fixed in found.fixed_ips]

    def placement_allocations_list(self) -> None:
        found = self.call("placement_allocations_list", self.stage.server, who="staff")
        assert all(allocation.resource_provider_name for allocation in found)

    def backup(self) -> None:
        found = self.call("backup", self.stage.server, {"name": self.stage.name(), "kept_until": None})
        assert (found.instance_name, found.instance_marketplace_uuid) == (
            "sequencer",
            self.stage.estate.resource_of(self.stage.server).uuid,
        )
        backup = self.stage.now(models.Backup.objects.get(uuid=found.uuid))
        assert backup.snapshots.count() == self.stage.server.volumes.count()

    def change_flavor(self) -> None:
        server = self.make()
        self.call("stop", server)
        flavor = models.Flavor.objects.get(settings=server.service_settings, name="m1.small")
        assert self.call("change_flavor", server, {"flavor": self.stage.link(flavor)}).status
        found = self.call("retrieve", server)
        assert (found.flavor_name, found.cores, found.ram) == ("m1.small", flavor.cores, flavor.ram)

    def diagnose_connectivity(self) -> None:
        found = self.call("diagnose_connectivity", self.stage.server, {"target": "external"}, who="member")
        assert found.target == "external" and found.checks
        assert found.root_cause is None or found.root_cause in {check.check for check in found.checks}

    def set_metadata(self) -> None:
        assert self.call("set_metadata", self.stage.server, {"metadata": {"rack": "8"}}).status
        assert self.call("retrieve", self.stage.server).metadata.additional_properties == {"rack": "8"}
        self.call("set_metadata", self.stage.server, {"metadata": {"rack": "7"}})

    def rescue(self) -> None:
        server = self._rescued()
        assert self.call("retrieve", server).runtime_state == "RESCUE"

    def unrescue(self) -> None:
        server = self._rescued()
        assert self.call("unrescue", server).status
        assert self.call("retrieve", server).runtime_state == "ACTIVE"

    def _rescued(self) -> Row:
        server = self.make()
        image = self.stage.link(self.stage.rescue_image)
        assert self.call("rescue", server, {"rescue_image": image}).status
        return server

    def update_allowed_address_pairs(self) -> None:
        pairs = [{"ip_address": "10.9.9.0/24", "mac_address": "fa:16:3e:00:00:09"}]
        body = {"subnet": self.stage.link(self.stage.subnet), "allowed_address_pairs": pairs}
        server = self.make()
        assert self.call("update_allowed_address_pairs", server, body).status
        (port,) = self.call("retrieve", server).ports
        assert [pair.ip_address for pair in port.allowed_address_pairs] == ["10.9.9.0/24"]

    def update_floating_ips(self) -> None:
        server = self.make()
        assert self.call("update_floating_ips", server, {"floating_ips": [self._in_subnet()]}).status
        (found,) = self.call("retrieve", server).floating_ips
        assert found.subnet_uuid == self.stage.subnet.uuid
        assert self.call("update_floating_ips", server, {"floating_ips": []}).status
        assert self.call("retrieve", server).floating_ips == []

    def update_ports(self) -> None:
        server, other = self.make(), self.stage.another_subnet()
        ports = [self._in_subnet(), {"subnet": self.stage.link(other)}]
        assert self.call("update_ports", server, {"ports": ports}).status
        found = {port.subnet_uuid for port in self.call("retrieve", server).ports}
        assert found == {self.stage.subnet.uuid, other.uuid}

    def _in_subnet(self) -> dict[str, Any]:
        return {"subnet": self.stage.link(self.stage.subnet)}

    def update_security_groups(self) -> None:
        server = self.make()
        group = models.SecurityGroup.objects.get(tenant=self.stage.tenant, name="default")
        assert self.call("update_security_groups", server, {"security_groups": [self.stage.link(group)]}).status
        assert [group.name for group in self.call("retrieve", server).security_groups] == ["default"]


class ServerGroups(Stateful, Removable):
    section, model = "openstack_server_groups", models.ServerGroup

    def make(self) -> Row:
        body = {"name": self.stage.name(), "policy": "affinity", "description": "It stands."}
        return self.made(self.stage.call("openstack_tenants_create_server_group", self.stage.tenant, body))

    def standing(self) -> Row:
        return models.ServerGroup.objects.filter(tenant=self.stage.tenant).first() or self.make()

    def create(self) -> None:
        """The client's body has no tenant, so it rides along as one more property."""
        body = {"name": self.stage.name(), "policy": "affinity", "tenant": self.stage.link(self.stage.tenant)}
        found = self.call("create", body=body)
        assert (found.policy.value, found.tenant_uuid) == ("affinity", self.stage.tenant.uuid)
        assert self.made(found).backend_id
