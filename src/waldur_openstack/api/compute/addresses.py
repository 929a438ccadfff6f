"""Which public addresses a server shall have."""

from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.api.compute.connections import InstanceFloatingIPSerializer
from waldur_openstack.api.compute.ports import port_on
from waldur_openstack.api.tenant_scope import ActionSerializer, OwnLinkField, UsableLinkField
from waldur_openstack.models import FloatingIP, Instance, Port, SubNet
from waldur_openstack.workflows.compute import AssignFloatingIP, SetInstanceFloatingIPs, UnassignFloatingIP
from waldur_openstack.workflows.compute.reservation import reserve

Wanted = list[tuple[Port, FloatingIP | None]]


class WantedFloatingIPSerializer(InstanceFloatingIPSerializer):
    """For the server's port on `subnet`: an address that is free or the server's own, else any."""

    def check_address(self, address: FloatingIP) -> None:
        own = address.port is not None and address.port.instance_id == self.context["object"].pk
        if not own or address.state != CoreState.OK:
            super().check_address(address)


class InstanceFloatingIPsSerializer(ActionSerializer):
    """All addresses that the server shall have; the others are detached and stay in the tenant."""

    floating_ips = WantedFloatingIPSerializer(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        items = attrs["floating_ips"]
        attrs["wanted"] = [(port_on(self.object, item["subnet"]), item["address"]) for item in items]
        if len({port.pk for port, _ in attrs["wanted"]}) != len(items):
            raise ValidationError({"floating_ips": ["At most one floating IP per subnet."]})
        named = [item["address"].pk for item in items if item["address"]]
        if len(set(named)) != len(named):
            raise ValidationError({"floating_ips": ["The same floating IP is named twice."]})
        return attrs

    def create(self, validated: dict[str, Any]) -> Operation:
        """An address stays where it is when it is wanted there, or when any will do."""
        wanted: Wanted = validated["wanted"]
        named = [address for _, address in wanted if address]
        now = {address.port_id: address for address in self.object.floating_ips}
        settled = {
            port.pk: now[port.pk]
            for port, address in wanted
            if port.pk in now and (address == now[port.pk] or (address is None and now[port.pk] not in named))
        }
        missing = [(port, address) for port, address in wanted if port.pk not in settled]
        detached = [address for port, address in now.items() if port not in settled]
        return change_addresses(SetInstanceFloatingIPs, self.object, self.user, missing, detached)


class AssignFloatingIPSerializer(ActionSerializer):
    """An address (else a free one, else a new one) for the port on `subnet` (else the only port)."""

    floating_ip = OwnLinkField("openstack-floating-ip-detail", queryset=FloatingIP.objects.all(), required=False)
    subnet = UsableLinkField("openstack-subnet-detail", queryset=SubNet.objects.all(), required=False)

    def validate_floating_ip(self, address: FloatingIP) -> FloatingIP:
        if address.port_id or address.state != CoreState.OK:
            raise ValidationError("The floating IP is in use or not ready.")
        return address

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        port = port_on(self.object, attrs["subnet"]) if "subnet" in attrs else self._only_port()
        if port.subnet is None or not port.subnet.is_connected:
            raise ValidationError({"subnet": ["The subnet is not connected to a router."]})
        if port.floating_ips.exists():
            raise Conflict("The port has a floating IP already. Unassign it first.")
        return {"wanted": [(port, attrs.get("floating_ip"))]}

    def _only_port(self) -> Port:
        ports = [port for port in self.object.ports.select_related("subnet", "network") if not port.is_external]
        if len(ports) != 1:
            raise ValidationError({"subnet": [f"Name a subnet: the instance has {len(ports)} ports."]})
        return ports[0]

    def create(self, validated: dict[str, Any]) -> Operation:
        return change_addresses(AssignFloatingIP, self.object, self.user, validated["wanted"], [])


class UnassignFloatingIPSerializer(ActionSerializer):
    """Which address; need not be said when the server has only one."""

    floating_ip = OwnLinkField("openstack-floating-ip-detail", queryset=FloatingIP.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        addresses = self.object.floating_ips
        if "floating_ip" in attrs and attrs["floating_ip"] not in addresses:
            raise ValidationError({"floating_ip": ["The instance does not have this floating IP."]})
        if "floating_ip" not in attrs and len(addresses) != 1:
            raise ValidationError({"floating_ip": [f"Name one: the instance has {len(addresses)} floating IPs."]})
        return {"floating_ip": attrs.get("floating_ip") or addresses[0]}

    def create(self, validated: dict[str, Any]) -> Operation:
        return change_addresses(UnassignFloatingIP, self.object, self.user, [], [validated["floating_ip"]])


@transaction.atomic
def change_addresses(
    workflow: type[SetInstanceFloatingIPs], instance: Instance, user: Any, wanted: Wanted, detached: list[FloatingIP]
) -> Operation:
    """Reserve what is named, then free ones for the rest, then make new ones; take the quota and schedule."""
    if wanted and not instance.tenant.external_network_id:
        raise ValidationError({"floating_ips": ["The tenant is not connected to an external network."]})
    named = [address.uuid.hex for _, address in wanted if address]
    reserve(FloatingIP, {*named, *(address.uuid.hex for address in detached)})
    attached = {address.uuid.hex: port.uuid.hex for port, address in wanted if address}
    created: list[str] = []
    for port in (port for port, address in wanted if address is None):
        address = take_free_address(instance) or FloatingIP(
            tenant=instance.tenant, backend_network_id=instance.tenant.external_network_id
        )
        if address.pk is None:
            counters.change(instance.tenant, quotas.OF_FLOATING_IP)
            address.save()
            created.append(address.uuid.hex)
        attached[address.uuid.hex] = port.uuid.hex
    parameters = {
        "attached": attached,
        "created": created,
        "detached": [address.uuid.hex for address in detached],
    }
    return start(workflow, instance, user=user, parameters=parameters)


def take_free_address(instance: Instance) -> FloatingIP | None:
    """Reserve the tenant's first free address; one that somebody else is just taking is passed over."""
    free = FloatingIP.objects.select_for_update(of=("self",), skip_locked=True).filter(
        tenant=instance.tenant,
        state=CoreState.OK,
        port=None,
        backend_network_id=instance.tenant.external_network_id,
    )
    address = free.exclude(backend_id="").order_by("pk").first()
    if address:
        reserve(FloatingIP, [address.uuid.hex])
    return address
