"""Which ports a server shall have, and what they shall let pass."""

from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.api.compute.connections import (
    InstancePortSerializer,
    asked_addresses,
    require_distinct_subnets,
)
from waldur_openstack.api.network.port_addresses import AddressPairSerializer, require_distinct_pairs
from waldur_openstack.api.network.port_requests import SecurityGroupsField
from waldur_openstack.api.tenant_scope import ActionSerializer, UsableLinkField
from waldur_openstack.models import Instance, Port, SubNet
from waldur_openstack.workflows.compute import SetInstanceAddressPairs, SetInstancePorts, SetInstanceSecurityGroups
from waldur_openstack.workflows.compute.reservation import reserve


class InstanceSecurityGroupsSerializer(ActionSerializer):
    """All security groups that the server, on each of its ports, shall have."""

    security_groups = SecurityGroupsField()

    def create(self, validated: dict[str, Any]) -> Operation:
        parameters = {"security_groups": [group.uuid.hex for group in validated["security_groups"]]}
        return start(SetInstanceSecurityGroups, self.object, user=self.user, parameters=parameters)


class InstanceAddressPairsSerializer(ActionSerializer):
    """All further addresses that the server's port on the subnet may use."""

    subnet = UsableLinkField("openstack-subnet-detail", queryset=SubNet.objects.all())
    allowed_address_pairs = AddressPairSerializer(many=True)

    def validate_allowed_address_pairs(self, pairs: list[dict[str, str]]) -> list[dict[str, str]]:
        return require_distinct_pairs(pairs)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["port"] = port_on(self.object, attrs["subnet"])
        if attrs["allowed_address_pairs"] and not attrs["port"].port_security_enabled:
            text = "The port has no port security: it may use any address."
            raise ValidationError({"allowed_address_pairs": [text]})
        return attrs

    def create(self, validated: dict[str, Any]) -> Operation:
        parameters = {"port": validated["port"].uuid.hex, "allowed_address_pairs": validated["allowed_address_pairs"]}
        return start(SetInstanceAddressPairs, self.object, user=self.user, parameters=parameters)


class WantedPortSerializer(InstancePortSerializer):
    """A subnet (with addresses: a port that has them), or a port: free, or the server's own."""

    def check_port(self, port: Port) -> None:
        if port.instance_id != self.context["object"].pk:
            super().check_port(port)

    def check_addresses(self, subnet: SubNet, fixed_ips: Any) -> None:
        """An address that a port of this server has is no obstacle: that port stays."""
        if not kept(self.context["object"], subnet, fixed_ips):
            super().check_addresses(subnet, fixed_ips)


class InstancePortsSerializer(ActionSerializer):
    """All ports that the server shall have; those that are not listed are detached and deleted."""

    ports = WantedPortSerializer(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_distinct_subnets(attrs["ports"])
        return attrs

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Operation:
        """Rows of new ports, their quota, free ports reserved, and the operation."""
        instance: Instance = self.object
        staying, created, attached = [], [], []
        for item in validated["ports"]:
            port = item.get("port") or kept(instance, item["subnet"], item.get("fixed_ips", ()))
            if port is None:
                created.append(item)
            elif port.instance_id == instance.pk:
                staying.append(port.pk)
            else:
                attached.append(port.uuid.hex)
        removed = [port for port in instance.ports.exclude(pk__in=staying) if not port.is_external]
        require_ok_ports(removed)
        counters.change(self.tenant, quotas.of_ports(len(created)))
        reserve(Port, attached, instance=None, device_id="")
        parameters = {
            "created": [self._make(item).uuid.hex for item in created],
            "attached": attached,
            "removed": [port.uuid.hex for port in removed],
        }
        return start(SetInstancePorts, instance, user=self.user, parameters=parameters)

    def _make(self, item: dict[str, Any]) -> Port:
        """A new port with the server's security groups; it gets its server once it is attached."""
        instance, subnet = self.object, item["subnet"]
        port = Port.objects.create(
            tenant=self.tenant,
            name=f"{instance.name[:120]}-port-{subnet.name}"[:150],
            subnet=subnet,
            network=subnet.network,
            fixed_ips=asked_addresses(item),
            port_security_enabled=item["port_security_enabled"],
        )
        if port.port_security_enabled:
            port.security_groups.set(instance.security_groups.all())
        return port


def kept(instance: Instance, subnet: SubNet, fixed_ips: Any) -> Port | None:
    """The server's port on the subnet, unless it lacks an address that is asked for."""
    wanted = {fixed["ip_address"] for fixed in fixed_ips if "ip_address" in fixed}
    for port in instance.ports.filter(subnet=subnet):
        if wanted <= {fixed.get("ip_address") for fixed in port.fixed_ips}:
            return port
    return None


def port_on(instance: Instance, subnet: SubNet) -> Port:
    """The server's only port on the subnet; 400 when there is none, or more than one."""
    ports = list(instance.ports.filter(subnet=subnet)[:2])
    if not ports:
        raise ValidationError({"subnet": ["The instance has no port on this subnet."]})
    if len(ports) > 1:
        raise ValidationError(
            {"subnet": ["The instance has more than one port on this subnet: change the port itself."]}
        )
    return ports[0]


def require_ok_ports(ports: list[Port]) -> None:
    for port in ports:
        if port.state not in (CoreState.OK, CoreState.ERRED):
            raise Conflict(f"Port {port} is {port.state}; it must be OK.")
