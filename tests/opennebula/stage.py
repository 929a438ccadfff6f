"""Two offerings of one OpenNebula, as the plugin's documents describe them, and the agents that work for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.factories import grant
from tests.marketplace.stage import post
from tests.marketplace_site_agent.running import Agent
from tests.marketplace_site_agent.stage import ACCOUNTS, AgentStage
from twins.opennebula import OpenNebulaTwin
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace.models import Offering, Order, Resource

GB = {"measured_unit": "GB", "unit_factor": 1024}
OF_VDCS: list[dict[str, Any]] = [
    {"type": "cpu", "name": "CPU", "measured_unit": "cores", "billing_type": "limit"},
    {"type": "ram", "name": "RAM", "billing_type": "limit", **GB},
    {"type": "storage", "name": "Storage", "billing_type": "limit", **GB},
    {"type": "floating_ip", "name": "Floating IPs", "measured_unit": "IPs", "billing_type": "limit"},
]
OF_VMS: list[dict[str, Any]] = [
    {"type": "vcpu", "name": "vCPU", "measured_unit": "cores", "billing_type": "fixed"},
    {"type": "vm_ram", "name": "RAM", "billing_type": "fixed", **GB},
    {"type": "vm_disk", "name": "Disk", "billing_type": "fixed", **GB},
]
SMALL, LARGE = {"vcpu": 1, "vm_ram": 1, "vm_disk": 5}, {"vcpu": 2, "vm_ram": 4, "vm_disk": 10}
LIMITS = {"cpu": 4, "ram": 8, "storage": 20, "floating_ip": 1}
TEAM = {"manager", "admin-of-project", "member"}  # of the project that orders
NETWORKING: dict[str, Any] = {
    "zone_id": 0,
    "cluster_ids": [0],
    "external_network_id": 0,
    "vxlan_phydev": "eth0",
    "virtual_router_template_id": 1,
    "default_dns": "8.8.8.8",
    "internal_network_base": "10.0.0.0",
    "internal_network_prefix": 8,
    "subnet_prefix_length": 24,
    "security_group_defaults": [
        {"direction": "INBOUND", "protocol": "TCP", "range": "22:22"},
        {"direction": "INBOUND", "protocol": "ICMP", "type": "8"},
    ],
}


class OpenNebulaStage(AgentStage):
    """``vdcs`` and ``vms`` are the offerings."""

    def __init__(self) -> None:
        super().__init__()
        self.vdcs = self.offer_vdcs("OpenNebula VDC")
        self.vms = self.offer_vms("OpenNebula VM")

    def offer_vdcs(self, name: str, **options: Any) -> Offering:
        return self._offer(name, OF_VDCS, [{"name": "By limits"}], {**NETWORKING, **options})

    def offer_vms(self, name: str, **options: Any) -> Offering:
        sizes = [{"name": "Small", "quotas": SMALL}, {"name": "Large", "quotas": LARGE}, {"name": "Empty"}]
        return self._offer(name, OF_VMS, sizes, options)

    def _offer(self, name: str, components: Any, plans: Any, options: dict[str, Any]) -> Offering:
        offering = self.make_agent_offering(name, components, plans, plugin_options={**ACCOUNTS, **options})
        grant(self.agent, RoleName.OFFERING_MANAGER, offering)
        return offering

    def order_vdc(self, name: str = "Genome lab", offering: Offering | None = None, **attributes: Any) -> Order:
        attributes["name"] = name
        return self.placed(self.owner, offering or self.vdcs, limits=LIMITS, attributes=attributes)

    def order_vm(
        self, name: str = "web", plan: str = "Small", offering: Offering | None = None, **attributes: Any
    ) -> Order:
        offering = offering or self.vms
        link = f"http://testserver/api/marketplace-plans/{offering.plans.get(name=plan).uuid.hex}/"
        return self.placed(self.owner, offering, plan=link, attributes={"name": name, **attributes})

    def terminate(self, resource: Resource) -> Order:
        assert post(self.owner, resource, "terminate").status_code == 200
        return Order.objects.get(type="Terminate", resource=resource)

    def restore(self, resource: Resource) -> Order:
        assert post(self.owner, resource, "restore").status_code == 200
        return Order.objects.filter(type="Restore", resource=resource).latest("pk")

    def switch_plan(self, resource: Resource, name: str) -> Order:
        link = f"http://testserver/api/marketplace-plans/{resource.offering.plans.get(name=name).uuid.hex}/"
        assert post(self.owner, resource, "switch_plan", {"plan": link}).status_code == 200
        return Order.objects.filter(type="Update", resource=resource).latest("pk")

    def mark(self, resource: Resource, **marks: bool) -> None:
        """As the operator: paused, downscaled."""
        for name, value in marks.items():
            assert post(self.staff, resource, f"set_{name}", {name: value}).status_code == 200


class Site:
    """The provider's side: the cloud, and one agent per offering."""

    def __init__(self, folder: Path, url: str, stage: OpenNebulaStage, twin: OpenNebulaTwin) -> None:
        self.folder, self.url, self.stage, self.twin = folder, url, stage, twin
        self.cloud = twin.client

    def agent(self, offering: Offering, listens: dict[str, Any] | None = None, **settings: Any) -> Agent:
        """Configured as in the README of the plugin, with no components of its own."""
        folder = self.folder / offering.uuid.hex
        folder.mkdir(exist_ok=True)
        modes = ("order_processing_backend", "membership_sync_backend", "reporting_backend")
        access = {"api_url": self.twin.endpoint, "credentials": self.twin.session}
        return Agent(
            folder,
            self.url,
            self.stage.token,
            offering.uuid.hex,
            name=offering.name,
            backend_type="opennebula",
            **dict.fromkeys(modes, "opennebula"),
            backend_settings={**access, **settings},
            backend_components={},
            **(listens or {}),
        )

    def of_vdcs(self, offering: Offering | None = None, **settings: Any) -> Agent:
        return self.agent(offering or self.stage.vdcs, **{"create_opennebula_user": True, **settings})

    def of_vms(self, parent: str, offering: Offering | None = None, **settings: Any) -> Agent:
        chosen = {"resource_type": "vm", "parent_vdc_backend_id": parent, "template_id": 0, **settings}
        return self.agent(offering or self.stage.vms, **chosen)

    def kill_at_held_call(self, agent: Agent) -> None:
        """The agent dies at work on orders, where OpenNebula has done a call (`hold_after`) and not yet answered."""
        process = agent.start("order_process")
        self.cloud.wait_held(180)  # an agent takes a minute to start where much else runs
        process.kill()
        process.wait()
        self.cloud.release()
