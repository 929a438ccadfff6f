"""Making and changing ports: what requests may say, and what they do to the rows."""

from collections.abc import Mapping
from typing import Any, Self

from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.permissions.checks import require_permission
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.api.network.port_addresses import (
    AddressPairSerializer,
    FixedIPSerializer,
    MACAddressField,
    address_pairs,
    require_distinct_pairs,
    require_free_address,
    resolve_fixed_ips,
)
from waldur_openstack.api.tenant_scope import (
    ActionSerializer,
    InTenantSerializer,
    OwnLinkField,
    require_ok,
    resolve_link,
)
from waldur_openstack.models import Network, Port, SecurityGroup, SubNet, Tenant
from waldur_openstack.workflows.network import CreatePort, UpdatePort


class SecurityGroupsField(serializers.ListField):
    """Links to security groups of the tenant, as texts or as `{"url": …}`."""

    def __init__(self, **kwargs: Any) -> None:
        groups = SecurityGroup.objects.all()
        super().__init__(child=OwnLinkField("openstack-security-group-detail", queryset=groups), **kwargs)

    def to_internal_value(self, data: Any) -> list[SecurityGroup]:
        groups: list[SecurityGroup] = super().to_internal_value(data)
        for group in groups:
            if group.state != CoreState.OK or not group.backend_id:
                raise ValidationError(f"The security group {group} is {group.state}; it must be OK.")
        return list(dict.fromkeys(groups))


class PortFieldsMixin(serializers.Serializer[Any]):
    """What a port may be told when it is made and later."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    fixed_ips = FixedIPSerializer(many=True, required=False)
    mac_address = MACAddressField(required=False)
    allowed_address_pairs = address_pairs()
    port_security_enabled = serializers.BooleanField(required=False)
    security_groups = SecurityGroupsField(required=False)

    def validate_allowed_address_pairs(self, pairs: list[dict[str, str]]) -> list[dict[str, str]]:
        return require_distinct_pairs(pairs)


class PortCreateSerializer(PortFieldsMixin, InTenantSerializer):
    """A port of the network's tenant, or, on a network that is shared with it, of `target_tenant`."""

    @classmethod
    def for_request(cls, request: Request, context: Mapping[str, Any], permission: str) -> Self:
        """The body names the network."""
        data = request.data if isinstance(request.data, dict) else {}
        networks = Network.objects.select_related("tenant__project__customer").prefetch_related("subnets")
        return cls.on(resolve_link(data, "network", networks, context), request, context, permission)

    @classmethod
    def on(cls, network: Network, request: Request, context: Mapping[str, Any], permission: str) -> Self:
        """403, then 409 unless tenant and network are OK; 400 when the network is not for the tenant."""
        data = request.data if isinstance(request.data, dict) else {}
        tenant = network.tenant
        if data.get("target_tenant"):
            tenants = Tenant.objects.select_related("project__customer")
            tenant = resolve_link(data, "target_tenant", tenants, context)
        require_permission(request.user, permission, [tenant.project, tenant.customer])
        require_ok(tenant)
        if not Network.objects.filter(Network.usable_in(tenant), pk=network.pk).exists():
            raise ValidationError({"target_tenant": ["The network is not shared with this tenant."]})
        if network.state != CoreState.OK:
            raise Conflict(f"The network is {network.state}; it must be OK.")
        return cls(data=data, context={**context, "tenant": tenant, "user": request.user, "network": network})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        network: Network = self.context["network"]
        attrs.setdefault("port_security_enabled", network.port_security_enabled)
        refuse_without_port_security(attrs, attrs["port_security_enabled"])
        attrs["fixed_ips"], subnets = resolve_fixed_ips(attrs.get("fixed_ips", ()), network)
        attrs["subnet"] = subnets[0] if subnets else None
        require_free_mac(attrs.get("mac_address"), network)
        return attrs

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Port:
        """The row, its quota, and the operation that makes it real."""
        groups = validated.pop("security_groups", None)
        counters.change(self.tenant, quotas.of_ports(1))
        port = Port.objects.create(tenant=self.tenant, network=self.context["network"], **validated)
        port.security_groups.set(groups or [])
        start(CreatePort, port, user=self.user, parameters={"default_group": groups is None})
        return port


class PortUpdateSerializer(PortFieldsMixin, ActionSerializer):
    """Changes; what is not named stays. A port stays on its network."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        port: Port = self.object
        security = attrs.get("port_security_enabled", port.port_security_enabled)
        refuse_without_port_security(attrs, security)
        if not security and port.port_security_enabled:
            attrs |= {"security_groups": [], "allowed_address_pairs": []}
        if attrs.get("mac_address", port.mac_address) != port.mac_address:
            require_unattached(port)
            require_free_mac(attrs["mac_address"], port.network)
        if "fixed_ips" in attrs:
            attrs["fixed_ips"], _ = resolve_fixed_ips(attrs["fixed_ips"], network_of(port), port)
        return attrs

    def update(self, instance: Port, validated: dict[str, Any]) -> Port:
        changed = {name: value for name, value in validated.items() if differs(instance, name, value)}
        if changed:
            change_port(instance, self.user, **changed)
        return instance


class PortPairsSerializer(ActionSerializer):
    """All pairs that the port shall have."""

    allowed_address_pairs = AddressPairSerializer(many=True)

    def validate_allowed_address_pairs(self, pairs: list[dict[str, str]]) -> list[dict[str, str]]:
        if pairs and not self.object.port_security_enabled:
            raise ValidationError("The port has no port security: it may use any address.")
        return require_distinct_pairs(pairs)

    def create(self, validated: dict[str, Any]) -> Operation:
        return change_port(self.object, self.user, **validated)


class PortGroupsSerializer(ActionSerializer):
    """All security groups that the port shall have."""

    security_groups = SecurityGroupsField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refuse_without_port_security(attrs, self.object.port_security_enabled)
        return attrs

    def create(self, validated: dict[str, Any]) -> Operation:
        return change_port(self.object, self.user, **validated)


class PortIPSerializer(ActionSerializer):
    """Another address, instead of those the port has."""

    subnet = serializers.CharField()
    ip_address = serializers.IPAddressField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subnets = SubNet.objects.filter(network=network_of(self.object)).select_related("network")
        subnet = resolve_link(self.initial_data, "subnet", subnets, self.context)
        require_free_address(attrs["ip_address"], subnet, self.object, "ip_address")
        return {"fixed_ips": [{"subnet_id": subnet.backend_id, "ip_address": attrs["ip_address"]}]}

    def create(self, validated: dict[str, Any]) -> Operation:
        return change_port(self.object, self.user, **validated)


@transaction.atomic
def change_port(port: Port, user: Any, **values: Any) -> Operation:
    """The row says what is wanted, the operation makes the cloud follow."""
    columns = {name: value for name, value in values.items() if name != "security_groups"}
    for name, value in columns.items():
        setattr(port, name, value)
    port.save(update_fields=[*columns, "modified"])
    if "security_groups" in values:
        port.security_groups.set(values["security_groups"])
    return start(UpdatePort, port, user=user, parameters={"changed": sorted(values)})


def differs(port: Port, name: str, value: Any) -> bool:
    if name != "security_groups":
        return bool(getattr(port, name) != value)
    return set(port.security_groups.values_list("pk", flat=True)) != {group.pk for group in value}


def network_of(port: Port) -> Network:
    if port.network is None:
        raise Conflict("The network of the port is not known here.")
    return port.network


def refuse_without_port_security(attrs: dict[str, Any], security: bool) -> None:
    """400 for what only port security could enforce."""
    for name in ("security_groups", "allowed_address_pairs"):
        if attrs.get(name) and not security:
            raise ValidationError({name: ["A port without port security has none: everything is allowed."]})


def require_free_mac(mac: str | None, network: Network | None) -> None:
    if mac and Port.objects.filter(network=network, mac_address=mac).exists():
        raise ValidationError({"mac_address": ["Another port of the network has this MAC address."]})


def require_unattached(port: Port) -> None:
    """409 while a server, a router or anything else uses the port."""
    user = port.instance or port.device_owner or port.device_id
    if user:
        raise Conflict(f"The port is in use by {user}. Detach it first.")
