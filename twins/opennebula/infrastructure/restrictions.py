"""Attributes that ordinary users may not set, as the daemon's default configuration names them."""

from __future__ import annotations

from ..templates import Template

VM = (
    *("CONTEXT/FILES", "NIC/MAC", "NIC/VLAN_ID", "NIC/BRIDGE", "NIC/FILTER", "NIC/FILTER_IP_SPOOFING"),
    *("NIC/FILTER_MAC_SPOOFING", "NIC/INBOUND_AVG_BW", "NIC/INBOUND_PEAK_BW", "NIC/INBOUND_PEAK_KB"),
    *("NIC/OUTBOUND_AVG_BW", "NIC/OUTBOUND_PEAK_BW", "NIC/OUTBOUND_PEAK_KB", "NIC/OPENNEBULA_MANAGED"),
    *("NIC/EXTERNAL", "NIC/VLAN_TAGGED_ID", "NIC_ALIAS/MAC", "NIC_ALIAS/VLAN_ID", "NIC_ALIAS/BRIDGE"),
    *("NIC_ALIAS/INBOUND_AVG_BW", "NIC_ALIAS/INBOUND_PEAK_BW", "NIC_ALIAS/INBOUND_PEAK_KB"),
    *("NIC_ALIAS/OUTBOUND_AVG_BW", "NIC_ALIAS/OUTBOUND_PEAK_BW", "NIC_ALIAS/OUTBOUND_PEAK_KB"),
    *("NIC_ALIAS/OPENNEBULA_MANAGED", "NIC_DEFAULT/MAC", "NIC_DEFAULT/VLAN_ID", "NIC_DEFAULT/BRIDGE"),
    *("NIC_DEFAULT/FILTER", "NIC_DEFAULT/EXTERNAL", "DISK/TOTAL_BYTES_SEC"),
    *("DISK/TOTAL_BYTES_SEC_MAX_LENGTH", "DISK/TOTAL_BYTES_SEC_MAX", "DISK/READ_BYTES_SEC"),
    *("DISK/READ_BYTES_SEC_MAX_LENGTH", "DISK/READ_BYTES_SEC_MAX", "DISK/WRITE_BYTES_SEC"),
    *("DISK/WRITE_BYTES_SEC_MAX_LENGTH", "DISK/WRITE_BYTES_SEC_MAX", "DISK/TOTAL_IOPS_SEC"),
    *("DISK/TOTAL_IOPS_SEC_MAX_LENGTH", "DISK/TOTAL_IOPS_SEC_MAX", "DISK/READ_IOPS_SEC"),
    *("DISK/READ_IOPS_SEC_MAX_LENGTH", "DISK/READ_IOPS_SEC_MAX", "DISK/WRITE_IOPS_SEC"),
    *("DISK/WRITE_IOPS_SEC_MAX_LENGTH", "DISK/WRITE_IOPS_SEC_MAX", "DISK/SIZE_IOPS_SEC"),
    *("DISK/OPENNEBULA_MANAGED", "DISK/ORIGINAL_SIZE", "DISK/SIZE_PREV", "DEPLOY_ID", "CPU_COST"),
    *("MEMORY_COST", "DISK_COST", "PCI", "EMULATOR", "RAW/DATA", "USER_PRIORITY", "USER_INPUTS/CPU"),
    *("USER_INPUTS/MEMORY", "USER_INPUTS/VCPU", "TOPOLOGY/PIN_POLICY", "TOPOLOGY/HUGEPAGE_SIZE"),
)
VNET = (
    *("VN_MAD", "PHYDEV", "VLAN_ID", "CVLANS", "QINQ_TYPE", "BRIDGE", "CONF", "BRIDGE_CONF"),
    *("OVS_BRIDGE_CONF", "IP_LINK_CONF", "FILTER", "FILTER_IP_SPOOFING", "FILTER_MAC_SPOOFING", "AR/VN_MAD"),
    *("AR/PHYDEV", "AR/VLAN_ID", "AR/BRIDGE", "AR/FILTER", "AR/FILTER_IP_SPOOFING", "AR/FILTER_MAC_SPOOFING"),
    *("CLUSTER_IDS", "EXTERNAL"),
)
RESTRICTED: dict[str, tuple[str, ...]] = {"VM": VM, "VNET": VNET, "IMAGE": ("SOURCE",)}


def restricted_attribute(kind: str, template: Template) -> str:
    """The first attribute of a template that is not for ordinary users; empty when there is none.

    ``NIC/MAC`` is about the MAC inside of a NIC, which is then called by the name ``NIC``.
    """
    for name in RESTRICTED[kind]:
        outer, _, inner = name.partition("/")
        for value in template.get(outer, []):
            if not inner or (isinstance(value, dict) and inner in value):
                return outer
    return ""
