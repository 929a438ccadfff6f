"""ML2 mechanism driver of the lab: does at once what agents on network nodes would do.

A port binds on any host and goes ACTIVE, a router port gets a network host, a floating IP's status
follows its port. The agents that carry Neutron's availability zones are recorded at start.
"""
# mypy: disable-error-code="import-not-found"

from typing import Any

from neutron.objects.agent import Agent
from neutron_lib import constants, context
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.callbacks.events import DBEventPayload
from neutron_lib.plugins import constants as plugins
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_utils import timeutils

cfg.CONF.register_opts(
    [
        cfg.ListOpt("availability_zones", default=["nova"], help="Each gets an L3 and a DHCP agent."),
        cfg.StrOpt("network_host", default="lab-net", help="Network host N is called <this>-N."),
    ],
    group="lab",
)

ROUTER_PORTS = (*constants.ROUTER_INTERFACE_OWNERS, constants.DEVICE_OWNER_ROUTER_GW)

# agent type: binary, topic
AGENTS = {
    constants.AGENT_TYPE_L3: ("neutron-l3-agent", "l3_agent"),
    constants.AGENT_TYPE_DHCP: ("neutron-dhcp-agent", "dhcp_agent"),
}


class LabMechanismDriver(api.MechanismDriver):
    def initialize(self) -> None:
        for event in (events.AFTER_CREATE, events.AFTER_UPDATE):
            registry.subscribe(_give_router_port_a_host, resources.PORT, event)
            registry.subscribe(_set_floating_ip_status, resources.FLOATING_IP, event)
        _record_agents()

    @property
    def connectivity(self) -> str:
        return str(portbindings.CONNECTIVITY_L2)

    def bind_port(self, context: api.PortContext) -> None:
        context.set_binding(
            context.segments_to_bind[0][api.ID],
            portbindings.VIF_TYPE_OVS,
            {portbindings.CAP_PORT_FILTER: True, portbindings.VIF_DETAILS_CONNECTIVITY: self.connectivity},
            status=constants.PORT_STATUS_ACTIVE,
        )

    def check_vlan_transparency(self, context: api.NetworkContext) -> bool:
        return True


def _record_agents() -> None:
    """Neutron knows an availability zone only by the live agents in it."""
    admin = context.get_admin_context()
    for number, zone in enumerate(cfg.CONF.lab.availability_zones, 1):
        host = f"{cfg.CONF.lab.network_host}-{number}"
        for agent_type, (binary, topic) in AGENTS.items():
            now = timeutils.utcnow()
            agent = Agent.get_object(admin, agent_type=agent_type, host=host)
            if agent:
                agent.heartbeat_timestamp = now
                agent.update()
            else:
                Agent(
                    admin,
                    agent_type=agent_type,
                    binary=binary,
                    topic=topic,
                    host=host,
                    availability_zone=zone,
                    created_at=now,
                    started_at=now,
                    heartbeat_timestamp=now,
                    configurations={},
                ).create()


def _give_router_port_a_host(resource: str, event: str, trigger: Any, payload: DBEventPayload) -> None:
    """Without a host a port never binds, and never becomes ACTIVE."""
    port = payload.latest_state
    if port["device_owner"] in ROUTER_PORTS and not port.get(portbindings.HOST_ID):
        directory.get_plugin().update_port(
            context.get_admin_context(),
            port["id"],
            {"port": {portbindings.HOST_ID: f"{cfg.CONF.lab.network_host}-1"}},
        )


def _set_floating_ip_status(resource: str, event: str, trigger: Any, payload: DBEventPayload) -> None:
    floating_ip = payload.latest_state
    attached = floating_ip.get("port_id")
    status = constants.FLOATINGIP_STATUS_ACTIVE if attached else constants.FLOATINGIP_STATUS_DOWN
    if floating_ip.get("status") != status:
        # the deletion of a port is one transaction, and this is a part of it
        directory.get_plugin(plugins.L3).update_floatingip_status(
            payload.context.elevated(), payload.resource_id, status
        )
        floating_ip["status"] = status
