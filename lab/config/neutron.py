"""Neutron: networks, in one process. Its RPC workers would serve agents, and there are none."""

from lab.cloud import ZONES, Cloud
from lab.config.ini import Ini, authtoken, credentials, database, default, messaging
from lab.places import VENV

FOREVER = 2147483  # seconds; the greatest value that Neutron's own arithmetic bears


def files(cloud: Cloud) -> dict[str, Ini]:
    return {
        "neutron.conf": {
            "DEFAULT": {
                **default(cloud),
                "core_plugin": "ml2",
                "service_plugins": "router",
                "api_workers": 1,
                "rpc_workers": 0,
                "state_path": cloud.data / "neutron",
                # With it, ports of networks with DHCP would wait for an agent's word.
                "dhcp_agent_notification": False,
                # The driver records the agents once per start.
                "agent_down_time": FOREVER,
                "global_physnet_mtu": 1500,
                "max_allowed_address_pair": 50,
                "default_availability_zones": "nova",
                "api_paste_config": VENV / "etc/neutron/api-paste.ini",
            },
            "ml2": {
                "type_drivers": "flat,vlan,vxlan",
                "project_network_types": "vxlan",
                "mechanism_drivers": "lab",
                "extension_drivers": "port_security",
            },
            "ml2_type_flat": {"flat_networks": "*"},
            "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:999"},
            "ml2_type_vxlan": {"vni_ranges": "1:100000"},
            "lab": {"availability_zones": ",".join(ZONES), "network_host": f"{cloud.name}-net"},
            "quotas": {"quota_network": 100, "quota_port": 500},
            "database": database(cloud, "neutron"),
            "keystone_authtoken": authtoken(cloud, "neutron"),
            "nova": credentials(cloud, "nova"),
            "placement": credentials(cloud, "placement"),
            **messaging(cloud),
        }
    }
