"""Networks, subnets, routers, ports, floating IPs and security groups."""

from typing import Any

import pytest
from waldur_api_client.errors import UnexpectedStatus
from waldur_api_client.models.network_rbac_policy_direction_enum import NetworkRBACPolicyDirectionEnum as Direction

from tests.e2e.client.scenarios.base import Removable, Renamable, Scenarios, Stateful
from tests.e2e.client.scenarios.identity import RULE
from tests.e2e.client.stage import Row
from waldur_openstack import models


class Networks(Stateful, Renamable, Removable):
    section, model = "openstack_networks", models.Network

    def make(self) -> Row:
        return self.stage.another_network()

    def create_subnet(self) -> None:
        name = self.stage.name()
        found = self.call("create_subnet", self.make(), {"name": name, "cidr": self.stage.cidr()})
        assert (found.name, found.ip_version, found.tenant_name) == (name, 4, "genome")
        assert self.stage.now(models.SubNet.objects.get(uuid=found.uuid)).backend_id

    def set_mtu(self) -> None:
        network = self.make()
        assert self.call("set_mtu", network, {"mtu": 1400}).mtu == 1400
        assert self.call("retrieve", network).mtu == 1400

    def rbac_policy_create(self) -> None:
        found = self._shared()
        assert (found.target_tenant_name, found.policy_type.value) == ("proteome", "access_as_shared")

    def rbac_policy_delete_destroy(self) -> None:
        policy = models.NetworkRBACPolicy.objects.get(uuid=self._shared().uuid)
        self.call("rbac_policy_delete_destroy", policy.network, rbac_policy_uuid=policy.uuid.hex)
        assert self.stage.gone(policy)

    def _shared(self) -> Any:
        body = {"target_tenant": self.stage.link(self.stage.neighbour), "policy_type": "access_as_shared"}
        return self.call("rbac_policy_create", self.make(), body)


class RBACPolicies(Removable):
    section, model = "openstack_network_rbac_policies", models.NetworkRBACPolicy

    def standing(self) -> Row:
        return models.NetworkRBACPolicy.objects.first() or self.make()

    def make(self) -> Row:
        return self.model.objects.get(uuid=self._shared(self.stage.another_network()).uuid)

    def list(self) -> None:
        super().list()
        policy = self.standing()
        for tenant, direction in ((policy.tenant, "outbound"), (policy.target_tenant, "inbound")):
            seen = [
                {row.uuid for row in self.call("list", tenant_uuid=tenant.uuid, direction=Direction(way))}
                for way in (direction, "inbound" if direction == "outbound" else "outbound", "all")
            ]
            assert [policy.uuid in uuids for uuids in seen] == [True, False, True]

    def _shared(self, network: Row) -> Any:
        target = self.stage.link(self.stage.neighbour)
        return self.call("create", body={"network": self.stage.link(network), "target_tenant": target})

    def create(self) -> None:
        network = self.stage.another_network()
        found = self._shared(network)
        assert (found.network_name, found.target_tenant_name) == (network.name, "proteome")
        assert (found.direction.value, found.policy_type.value) == ("outbound", "access_as_shared")

    def update(self) -> None:
        """Nothing about a policy can change in the cloud either: one deletes it and makes another."""
        policy = self.standing()
        body = {"network": self.stage.link(policy.network), "target_tenant": self.stage.link(policy.target_tenant)}
        self._is_not_offered("update", policy, body)

    def partial_update(self) -> None:
        self._is_not_offered("partial_update", self.standing(), {"policy_type": "access_as_external"})

    def _is_not_offered(self, action: str, policy: Row, body: Any) -> None:
        with pytest.raises(UnexpectedStatus) as refused:
            self.call(action, policy, body)
        assert refused.value.status_code == 405
        assert self.call("retrieve", policy).policy_type.value == "access_as_shared"


class SubNets(Stateful, Renamable, Removable):
    section, model = "openstack_subnets", models.SubNet

    def standing(self) -> Row:
        return self.stage.subnet

    def make(self) -> Row:
        return self.stage.another_subnet()

    def replacement(self, row: Row, name: str) -> dict[str, Any]:
        return {"name": name, "description": "changed", "cidr": row.cidr, "dns_nameservers": ["192.0.2.53"]}

    def connect(self) -> None:
        subnet = self.make()
        self.call("disconnect", subnet)
        assert self.call("connect", subnet).status
        assert self.call("retrieve", subnet).is_connected

    def disconnect(self) -> None:
        subnet = self.make()
        assert self.call("disconnect", subnet).status
        assert not self.call("retrieve", subnet).is_connected


class Routers(Stateful, Removable):
    section, model = "openstack_routers", models.Router

    def make(self) -> Row:
        body = {"name": self.stage.name(), "tenant": self.stage.link(self.stage.tenant)}
        return self.made(self.call("create", body=body))

    def create(self) -> None:
        name = self.stage.name()
        found = self.call("create", body={"name": name, "tenant": self.stage.link(self.stage.tenant)})
        assert (found.name, found.tenant) == (name, self.stage.link(self.stage.tenant))
        assert self.made(found).backend_id

    def add_router_interface(self) -> None:
        router, subnet = self._joined()
        assert self.stage.now(subnet).router == router

    def remove_router_interface(self) -> None:
        router, subnet = self._joined()
        assert self.call("remove_router_interface", router, {"subnet": self.stage.link(subnet)}).status
        assert self.stage.now(subnet).router is None

    def _joined(self) -> tuple[Row, Row]:
        router, subnet = self.make(), self.stage.another_subnet(skip_router_connection=True)
        assert self.call("add_router_interface", router, {"subnet": self.stage.link(subnet)}).status
        return router, subnet

    def set_external_gateway(self) -> None:
        assert self.call("retrieve", self._with_gateway()).has_external_gateway

    def remove_external_gateway(self) -> None:
        router = self._with_gateway()
        assert self.call("remove_external_gateway", router).status
        assert not self.call("retrieve", router).has_external_gateway

    def _with_gateway(self) -> Row:
        router = self.make()
        body = {"external_network_id": self.stage.estate.cloud.external_network_id}
        assert self.call("set_external_gateway", router, body).status
        return router

    def set_routes(self) -> None:
        router, subnet = self._joined()
        nexthop = subnet.cidr.replace(".0/24", ".77")
        assert self.call("set_routes", router, {"routes": [{"destination": "10.77.0.0/24", "nexthop": nexthop}]}).status
        assert [route.nexthop for route in self.call("retrieve", router).routes] == [nexthop]

    def available_external_networks_list(self) -> None:
        found = self.call("available_external_networks_list", self.standing(), who="member")
        assert self.stage.estate.cloud.external_network_id in {network.backend_id for network in found}

    def effective_routes_retrieve(self) -> None:
        found = self.call("effective_routes_retrieve", self.standing(), who="member")
        assert found.has_external_gateway
        assert self.stage.subnet.cidr in {route.destination for route in found.routes}


class Ports(Stateful, Renamable, Removable):
    section, model = "openstack_ports", models.Port

    def standing(self) -> Row:
        return models.Port.objects.get(instance=self.stage.server)

    def make(self) -> Row:
        return self.made(self.call("create", body=self._body()))

    def _body(self) -> dict[str, Any]:
        return {"name": self.stage.name(), "network": self.stage.link(self.stage.subnet.network)}

    def replacement(self, row: Row, name: str) -> dict[str, Any]:
        return {"name": name, "description": "changed"}

    def create(self) -> None:
        fixed = [{"subnet_id": self.stage.subnet.backend_id, "ip_address": "192.168.42.166"}]
        found = self.call("create", body={**self._body(), "fixed_ips": fixed})
        assert found.network_uuid == self.stage.subnet.network.uuid
        assert self.made(found).fixed_ips == fixed

    def enable_port(self) -> None:
        port = self.make()
        self.call("disable_port", port)
        self.call("enable_port", port)
        assert self.call("retrieve", port).admin_state_up is True

    def disable_port(self) -> None:
        port = self.make()
        self.call("disable_port", port)
        assert self.call("retrieve", port).admin_state_up is False

    def enable_port_security(self) -> None:
        port = self.make()
        self.call("disable_port_security", port)
        self.call("enable_port_security", port)
        assert self.call("retrieve", port).port_security_enabled is True

    def disable_port_security(self) -> None:
        port = self.make()
        self.call("disable_port_security", port)
        found = self.call("retrieve", port)
        assert (found.port_security_enabled, found.security_groups) == (False, [])

    def set_allowed_address_pairs(self) -> None:
        port, pairs = self.make(), [{"ip_address": "10.8.8.0/24"}]
        assert self.call("set_allowed_address_pairs", port, {"allowed_address_pairs": pairs}).uuid == port.uuid
        assert [pair.ip_address for pair in self.call("retrieve", port).allowed_address_pairs] == ["10.8.8.0/24"]

    def update_port_ip(self) -> None:
        port, address = self.make(), "192.168.42.177"
        self.call("update_port_ip", port, {"subnet": self.stage.link(self.stage.subnet), "ip_address": address})
        assert [fixed.ip_address for fixed in self.call("retrieve", port).fixed_ips] == [address]

    def update_security_groups(self) -> None:
        port, group = self.make(), models.SecurityGroup.objects.get(tenant=self.stage.tenant, name="ssh")
        assert self.call("update_security_groups", port, {"security_groups": [self.stage.link(group)]}).status
        assert [group.name for group in self.call("retrieve", port).security_groups] == ["ssh"]


class FloatingIPs(Stateful, Removable):
    section, model = "openstack_floating_ips", models.FloatingIP

    def make(self) -> Row:
        return self.made(self.stage.call("openstack_tenants_create_floating_ip", self.stage.tenant, {}))

    def standing(self) -> Row:
        return models.FloatingIP.objects.get(port__instance=self.stage.server)

    def attach_to_port(self) -> None:
        address, server = self._attached()
        assert self.call("retrieve", address).instance_uuid == server.uuid.hex

    def detach_from_port(self) -> None:
        address, _ = self._attached()
        assert self.call("detach_from_port", address).status
        assert self.call("retrieve", address).instance_uuid is None

    def _attached(self) -> tuple[Row, Row]:
        address = self.make()
        server = self.stage.estate.build_server(
            self.stage.tenant, name=self.stage.name(), floating_ips=None, data_volume_size=None
        ).scope
        assert self.call("attach_to_port", address, {"port": self.stage.link(server.ports.get())}).status
        return address, server

    def update_description(self) -> None:
        address = self.make()
        assert self.call("update_description", address, {"description": "of the lab"}).status
        assert self.call("retrieve", address).description == "of the lab"


class SecurityGroups(Stateful, Renamable, Removable):
    section, model = "openstack_security_groups", models.SecurityGroup

    def standing(self) -> Row:
        return models.SecurityGroup.objects.get(tenant=self.stage.tenant, name="ssh")

    def make(self) -> Row:
        body = {"name": self.stage.name(), "rules": [RULE]}
        return self.made(self.stage.call("openstack_tenants_create_security_group", self.stage.tenant, body))

    def set_rules(self) -> None:
        group = self.make()
        rules = [{"ethertype": "IPv4", "direction": "egress", "protocol": "udp", "from_port": 53, "to_port": 53}]
        assert self.call("set_rules", group, rules).status
        (rule,) = self.call("retrieve", group).rules
        assert (rule.direction.value, rule.protocol, rule.from_port) == ("egress", "udp", 53)


class ExternalNetworks(Scenarios):
    section, model = "openstack_external_networks", models.ExternalNetwork

    def standing(self) -> Row:
        return models.ExternalNetwork.objects.get(backend_id=self.stage.estate.cloud.external_network_id)

    def retrieve(self) -> None:
        super().retrieve()
        assert self.call("retrieve", self.standing()).subnets
