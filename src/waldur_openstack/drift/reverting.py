"""How each aspect is reverted: the row says again what was declared, and the workflow by which users change it runs."""

from collections.abc import Callable, Mapping
from typing import Any

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.operations.workflow import UpdateWorkflow
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.drift.values import RULE_WORDS
from waldur_openstack.models import Flavor, Instance, Port, SecurityGroup, SecurityGroupRule, VolumeType
from waldur_openstack.sync.rules import to_backend
from waldur_openstack.workflows.block_storage import (
    AttachVolume,
    DetachVolume,
    ExtendVolume,
    RetypeVolume,
    UpdateSnapshot,
    UpdateVolume,
)
from waldur_openstack.workflows.compute import ResizeInstance, SetInstanceMetadata, UpdateInstance
from waldur_openstack.workflows.context import save
from waldur_openstack.workflows.network import (
    AttachFloatingIP,
    DescribeFloatingIP,
    DetachFloatingIP,
    RemoveExternalGateway,
    SetExternalGateway,
    SetMtu,
    SetRoutes,
    SetSecurityGroupRules,
    UpdateNetwork,
    UpdatePort,
    UpdateRouter,
    UpdateSecurityGroup,
    UpdateSubNet,
)

Reverter = Callable[[Any, Any, Any], Operation]  # (row, what was declared, user)


# columns that the row says first, and a workflow then tells the cloud -----------------------------------------------


def columns(workflow: type[UpdateWorkflow], *names: str) -> Reverter:
    """Of one column, or of several that are declared together."""

    def revert(row: Any, declared: Any, user: Any) -> Operation:
        save(row, **(declared if len(names) > 1 else {names[0]: declared}))
        return start(workflow, row, user=user, parameters={"changed": sorted(names)})

    return revert


def parameter(workflow: type[UpdateWorkflow], name: str) -> Reverter:
    """What the workflow is told, and writes into the row itself."""
    return lambda row, declared, user: start(workflow, row, user=user, parameters={name: declared})


# what takes more -----------------------------------------------


def revert_flavor(instance: Instance, declared: Any, user: Any) -> Operation:
    flavors = Flavor.objects.filter(Flavor.usable_in(instance.tenant), name=declared["flavor_name"])
    flavor = next((one for one in flavors if (one.cores, one.ram) == (declared["cores"], declared["ram"])), None)
    if flavor is None:
        raise Conflict(f"The cloud does not offer flavor {declared['flavor_name']} any more: adopt, or choose another.")
    if instance.runtime_state != "SHUTOFF":
        raise Conflict("Stop the instance first: its flavor can only be changed while it is SHUTOFF.")
    parameters = {"flavor": flavor.backend_id, **declared}
    return ResizeInstance.ask(instance, user=user, parameters=parameters)


def revert_size(volume: Any, declared: int, user: Any) -> Operation:
    if declared < volume.size:
        raise Conflict("Volumes do not shrink: adopt the new size.")
    if volume.runtime_state != "available":
        raise Conflict(f"The volume is {volume.runtime_state} in the cloud; it must be available. Detach it first.")
    return ExtendVolume.ask(volume, user=user, parameters={"size": declared})


def revert_type(volume: Any, declared: Any, user: Any) -> Operation:
    usable = VolumeType.objects.filter(VolumeType.usable_in(volume.tenant))
    wanted = usable.filter(uuid=declared["uuid"]).first() if declared else None
    if wanted is None:
        raise Conflict("The cloud does not offer the declared volume type any more: adopt, or choose another.")
    if volume.runtime_state != "available":
        raise Conflict(f"The volume is {volume.runtime_state} in the cloud; it must be available. Detach it first.")
    return RetypeVolume.ask(volume, user=user, parameters={"type": wanted.uuid.hex, "type_name": wanted.name})


def revert_attachment(volume: Any, declared: Any, user: Any) -> Operation:
    """One step at a time: attached elsewhere, it is detached first."""
    if volume.instance_id:
        if volume.is_system:
            raise Conflict("The instance boots from this volume: it cannot be detached.")
        return start(DetachVolume, volume, user=user)
    instance = Instance.objects.filter(uuid=declared["uuid"], tenant=volume.tenant, state=CoreState.OK).first()
    if instance is None:
        raise Conflict(f"Instance {declared['name']} is gone or not OK: the volume cannot be attached to it again.")
    return start(AttachVolume, volume, user=user, parameters={"instance": instance.uuid.hex})


def revert_rules(group: SecurityGroup, declared: Any, user: Any) -> Operation:
    """Exactly the rules that were declared; a group that they name must still be there."""
    former = list(group.rules.select_related("remote_group"))
    named = {rule["remote_group"]["uuid"] for rule in declared if rule["remote_group"]}
    remotes = {found.uuid.hex: found for found in SecurityGroup.objects.filter(tenant=group.tenant, uuid__in=named)}
    if missing := named - remotes.keys():
        raise Conflict(f"Rules name security groups that are gone ({len(missing)}): set the rules anew, or adopt.")
    rules = [
        SecurityGroupRule(
            security_group=group,
            remote_group=remotes[rule["remote_group"]["uuid"]] if rule["remote_group"] else None,
            **{name: rule[name] for name in RULE_WORDS},
        )
        for rule in declared
    ]
    counters.change(group.tenant, quotas.of_rules(len(rules) - len(former)))
    group.rules.all().delete()
    SecurityGroupRule.objects.bulk_create(rules)
    removed = [to_backend(rule) for rule in former]
    return start(SetSecurityGroupRules, group, user=user, parameters={"removed": removed})


def revert_groups(port: Port, declared: Any, user: Any) -> Operation:
    wanted = {group["uuid"] for group in declared}
    groups = list(SecurityGroup.objects.filter(tenant=port.tenant, uuid__in=wanted))
    if len(groups) != len(wanted):
        raise Conflict("One of the declared security groups is gone: choose others, or adopt.")
    port.security_groups.set(groups)
    return start(UpdatePort, port, user=user, parameters={"changed": ["security_groups"]})


def revert_gateway(router: Any, declared: str, user: Any) -> Operation:
    if not declared:
        return start(RemoveExternalGateway, router, user=user)
    return start(SetExternalGateway, router, user=user, parameters={"network_id": declared})


def revert_floating_ip(address: Any, declared: Any, user: Any) -> Operation:
    if declared is None:
        return start(DetachFloatingIP, address, user=user)
    port = Port.objects.filter(uuid=declared["uuid"], tenant=address.tenant, state=CoreState.OK).first()
    if port is None:
        raise Conflict("The port that the address was attached to is gone: attach it to another, or adopt.")
    return start(AttachFloatingIP, address, user=user, parameters={"port": port.uuid.hex})


def texts(workflow: type[UpdateWorkflow]) -> dict[str, Reverter]:
    return {name: columns(workflow, name) for name in ("name", "description")}


# by kind and aspect; what is missing here, clouds do not let anybody change
REVERTERS: Mapping[str, Mapping[str, Reverter]] = {
    "instance": {
        **texts(UpdateInstance),
        "metadata": parameter(SetInstanceMetadata, "metadata"),
        "flavor": revert_flavor,
    },
    "volume": {
        **texts(UpdateVolume),
        "size": revert_size,
        "type": revert_type,
        "instance": revert_attachment,
    },
    "snapshot": {**texts(UpdateSnapshot), "metadata": columns(UpdateSnapshot, "metadata")},
    "network": {**texts(UpdateNetwork), "mtu": parameter(SetMtu, "mtu")},
    "subnet": {
        **texts(UpdateSubNet),
        "gateway": columns(UpdateSubNet, "gateway_ip", "disable_gateway"),
        **{
            name: columns(UpdateSubNet, name)
            for name in ("allocation_pools", "enable_dhcp", "dns_nameservers", "host_routes")
        },
    },
    "router": {**texts(UpdateRouter), "routes": parameter(SetRoutes, "routes"), "external_network": revert_gateway},
    "port": {
        **texts(UpdatePort),
        **{
            name: columns(UpdatePort, name)
            for name in ("fixed_ips", "allowed_address_pairs", "port_security_enabled", "admin_state_up")
        },
        "security_groups": revert_groups,
    },
    "floating_ip": {"description": columns(DescribeFloatingIP, "description"), "port": revert_floating_ip},
    "security_group": {**texts(UpdateSecurityGroup), "rules": revert_rules},
}
WORKFLOWS = (
    AttachFloatingIP, AttachVolume, DescribeFloatingIP, DetachFloatingIP, DetachVolume, ExtendVolume,
    RemoveExternalGateway, ResizeInstance, RetypeVolume, SetExternalGateway, SetInstanceMetadata, SetMtu, SetRoutes,
    SetSecurityGroupRules, UpdateInstance, UpdateNetwork, UpdatePort, UpdateRouter, UpdateSecurityGroup, UpdateSnapshot,
    UpdateSubNet, UpdateVolume,
)  # fmt: skip


def reverter_of(kind: str, field: str) -> Reverter | None:
    return REVERTERS.get(kind, {}).get(field)
