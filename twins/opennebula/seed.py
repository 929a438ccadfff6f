"""What a fresh cloud holds: an installation, and then what an administrator adds so that tenants can be served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .access.groups import new_group
from .access.rules import ALL, CREATED_BY_USERS, OF_GROUP, RIGHTS, Rule, add_rule, resource
from .access.users import USERS_GROUP, new_user
from .access.vdcs import EVERY_RESOURCE, apply_rules, new_vdc
from .calls import Call
from .infrastructure.clusters import new_cluster
from .infrastructure.datastores import fields_of
from .infrastructure.hosts import monitor, new_host
from .infrastructure.images import allocate as allocate_image
from .infrastructure.images import becomes_ready
from .kinds import CLUSTER, DATASTORE, GROUP, SECURITY_GROUP, VDC, ZONE
from .network.vnets import allocate as allocate_vnet
from .network.vnets import becomes_ready as vnet_becomes_ready
from .objects import owned
from .state import Obj
from .templates import Template, parse, vectors
from .vm.vm_templates import allocate as allocate_template

if TYPE_CHECKING:
    from .cloud import Cloud

SYSTEM_VDC = (
    "Every new group is added to this VDC. Use it to store default access rules for your groups. NOTE: You may need to "
    "remove a group from the default VDC before assigning it to other VDC."
)
DEFAULT_GROUP_RULES = (
    "The default security group is added to every network. Use it to add default filter rules for your networks. You "
    "may remove this security group from any network by updating its properties."
)
VIEWS_OF_USERS = {
    "DEFAULT_VIEW": "cloud",
    "GROUP_ADMIN_DEFAULT_VIEW": "groupadmin",
    "GROUP_ADMIN_VIEWS": "groupadmin,cloud",
    "VIEWS": "cloud",
}
OF_DATASTORES: Template = {
    "ALLOW_ORPHANS": ["NO"],
    "PERSISTENT_SNAPSHOTS": ["YES"],
    "RESTRICTED_DIRS": ["/"],
    "SAFE_DIRS": ["/var/tmp"],
    "TM_MAD": ["dummy"],
}
CLONING: Template = {"CLONE_TARGET": ["SYSTEM"], "LN_TARGET": ["NONE"], "DS_MAD": ["dummy"]}
MIGRATING: Template = {key: ["YES"] for key in ("DS_LIVE_MIGRATE", "DS_MIGRATE", "DS_MIGRATE_SNAP", "SHARED")}
DATASTORES: tuple[tuple[str, Template], ...] = (
    ("system", {"TYPE": ["SYSTEM_DS"], "DISK_TYPE": ["FILE"], **MIGRATING}),
    ("default", {"TYPE": ["IMAGE_DS"], "DISK_TYPE": ["FILE"], **CLONING}),
    ("files", {"TYPE": ["FILE_DS"], **CLONING}),
)
USED_BY_ALL = [1, 1, 0, 1, 0, 0, 1, 0, 0]
EXTERNAL_NETWORK = """
NAME="external" VN_MAD="bridge" BRIDGE="br0" DNS="192.0.2.53"
NETWORK_ADDRESS="203.0.113.0" NETWORK_MASK="255.255.255.0" GATEWAY="203.0.113.1"
AR=[TYPE="IP4",IP="203.0.113.10",SIZE="200"]
"""
IMAGES = ("alpine", "service-vnf")
TEMPLATES = """
NAME="alpine" CPU="1" VCPU="1" MEMORY="512" DISK=[IMAGE="alpine",IMAGE_UNAME="oneadmin"]
CONTEXT=[NETWORK="YES",SSH_PUBLIC_KEY="$USER[SSH_PUBLIC_KEY]"] GRAPHICS=[TYPE="VNC",LISTEN="0.0.0.0"]
HYPERVISOR="dummy"
---
NAME="service-vnf" CPU="1" VCPU="1" MEMORY="512" VROUTER="YES" DISK=[IMAGE="service-vnf",IMAGE_UNAME="oneadmin"]
CONTEXT=[NETWORK="YES",ONEAPP_VNF_NAT4_ENABLED="YES",ONEAPP_VNF_DHCP4_ENABLED="YES"]
GRAPHICS=[TYPE="VNC",LISTEN="0.0.0.0"] HYPERVISOR="dummy"
"""


def plant(cloud: Cloud) -> None:
    """Fill an empty state."""
    _install(cloud)
    _add_hosts(cloud)
    if not cloud.settings.bare:
        _furnish(cloud)


def _install(cloud: Cloud) -> None:
    """What ``oned`` itself makes when its database is empty."""
    state = cloud.state
    for name in (GROUP.name, VDC.name, CLUSTER.name, DATASTORE.name, ZONE.name, SECURITY_GROUP.name):
        state.skip_to(name, 0)
    new_group(state, "oneadmin")
    state.edit(GROUP.name, new_group(state, "users"), template={"SUNSTONE": [dict(VIEWS_OF_USERS)]})
    password = cloud.settings.admin_password
    admin = new_user(state, "oneadmin", password, "core", 0)
    new_user(state, "serveradmin", f"server-{password}", "server_cipher", 0)
    endpoints: Template = {"ENDPOINT": ["http://localhost:2633/RPC2"], "ENDPOINT_GRPC": ["localhost:2634"]}
    state.add(ZONE.name, {"id": state.new_id(ZONE), "name": "OpenNebula", "template": endpoints})
    new_cluster(state, "default")
    call = Call(cloud, admin, "seed")
    for name, template in DATASTORES:
        text = {**OF_DATASTORES, **template}
        made = owned(call, DATASTORE, name, text, **fields_of(text, [0]))
        state.add(DATASTORE.name, {**made, "permissions": [1, 1, 0, 1, 0, 0, 0, 0, 0]})
    _add_default_security_group(call)
    _add_default_rules(cloud)
    for kind in (GROUP, VDC, CLUSTER, DATASTORE, ZONE, SECURITY_GROUP):
        state.skip_to(kind.name, kind.first_id)


def _add_default_security_group(call: Call) -> None:
    rules = vectors(
        parse('RULE=[PROTOCOL="ALL",RULE_TYPE="OUTBOUND"] RULE=[PROTOCOL="ALL",RULE_TYPE="INBOUND"]'), "RULE"
    )
    template: Template = {"DESCRIPTION": [DEFAULT_GROUP_RULES], "RULE": list(rules)}
    made = owned(call, SECURITY_GROUP, "default", template, vms=[])
    call.state.add(SECURITY_GROUP.name, {**made, "permissions": [1, 1, 1, 1, 0, 0, 1, 0, 0]})


def _add_default_rules(cloud: Cloud) -> None:
    """Members of ``users`` may create, everybody may see zones and markets; VDC 0 gives the use of everything."""
    users = OF_GROUP | USERS_GROUP
    add_rule(cloud, Rule(users, resource(CREATED_BY_USERS, ALL), RIGHTS["CREATE"], ALL))
    add_rule(cloud, Rule(ALL, resource(("ZONE",), ALL), RIGHTS["USE"], ALL))
    add_rule(cloud, Rule(ALL, resource(("MARKETPLACE", "MARKETPLACEAPP"), ALL), RIGHTS["USE"], ALL))
    vdc = new_vdc(cloud.state, "default", {"DESCRIPTION": [SYSTEM_VDC]})
    cloud.state.edit(VDC.name, vdc, groups=[USERS_GROUP], clusters=[[0, EVERY_RESOURCE]])
    apply_rules(cloud)


def _add_hosts(cloud: Cloud) -> None:
    for name in ("dummy0", "dummy1"):
        monitor(cloud, new_host(cloud.state, name, "dummy", "dummy", 0)["id"])


def _furnish(cloud: Cloud) -> None:
    """An external network, images, and templates for machines and for virtual routers."""
    call = Call(cloud, cloud.state.kinds["users"][0], "seed")
    vnet_id = int(allocate_vnet(call, EXTERNAL_NETWORK, 0))
    vnet = cloud.state.kinds["vnets"][vnet_id]
    _settle(cloud)
    vnet_becomes_ready(cloud, vnet_id, vectors(parse(EXTERNAL_NETWORK), "AR"))
    _let_everyone_use("vnets", vnet, cloud)
    for name in IMAGES:
        image_id = int(allocate_image(call, f'NAME="{name}" TYPE="OS" PATH="/var/tmp/{name}.qcow2"', 1, False))
        _settle(cloud)
        becomes_ready(cloud, image_id)
        _let_everyone_use("images", cloud.state.kinds["images"][image_id], cloud)
    for text in TEMPLATES.split("---"):
        template_id = int(allocate_template(call, text))
        _let_everyone_use("templates", cloud.state.kinds["templates"][template_id], cloud)


def _settle(cloud: Cloud) -> None:
    """The seed is complete at once, whatever the latency."""
    cloud.state.timers.clear()


def _let_everyone_use(kind: str, obj: Obj, cloud: Cloud) -> None:
    cloud.state.edit(kind, obj, permissions=list(USED_BY_ALL))
