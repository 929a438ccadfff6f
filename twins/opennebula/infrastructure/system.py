"""``one.system.*``: the daemon's version and the part of its configuration that clients look at."""

from __future__ import annotations

from .. import markup
from ..access.authorization import Authorization
from ..calls import Call, method
from ..templates import Template
from .restrictions import RESTRICTED

CONFIGURATION: Template = {
    "API_LIST_ORDER": ["DESC"],
    "DATASTORE_CAPACITY_CHECK": ["yes"],
    "DATASTORE_LOCATION": ["/var/lib/one/var//datastores"],
    "DEFAULT_AUTH": ["default"],
    "DEFAULT_COST": [{"CPU_COST": "0", "DISK_COST": "0", "MEMORY_COST": "0"}],
    "DEFAULT_DEVICE_PREFIX": ["sd"],
    "DEFAULT_IMAGE_PERSISTENT": [""],
    "DEFAULT_IMAGE_PERSISTENT_NEW": [""],
    "DEFAULT_IMAGE_TYPE": ["OS"],
    "DEFAULT_UMASK": ["177"],
    "DEFAULT_VDC_CLUSTER_DATASTORE_ACL": ["USE"],
    "DEFAULT_VDC_CLUSTER_HOST_ACL": ["MANAGE"],
    "DEFAULT_VDC_CLUSTER_NET_ACL": ["USE"],
    "DEFAULT_VDC_DATASTORE_ACL": ["USE"],
    "DEFAULT_VDC_HOST_ACL": ["MANAGE"],
    "DEFAULT_VDC_VNET_ACL": ["USE"],
    "MAC_PREFIX": ["02:00"],
    "NETWORK_SIZE": ["254"],
    "VM_SUBMIT_ON_HOLD": ["NO"],
}


@method("one.system.version")
def version(call: Call) -> str:
    return call.cloud.settings.version


@method("one.system.config")
def config(call: Call) -> str:
    Authorization(call).need_admin("ADMIN ZONE [0]").check()
    restricted: Template = {f"{kind}_RESTRICTED_ATTR": list(names) for kind, names in RESTRICTED.items()}
    return markup.template("OPENNEBULA_CONFIGURATION", {**CONFIGURATION, **restricted})
