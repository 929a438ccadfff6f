"""Two offerings that an agent serves, and the user it signs in as. Running it again changes nothing."""

from typing import Any

GB = {"measured_unit": "GB", "unit_factor": 1024}
OF_VDCS: tuple[dict[str, Any], ...] = (
    {"type": "cpu", "name": "CPU", "measured_unit": "cores", "billing_type": "limit"},
    {"type": "ram", "name": "RAM", "billing_type": "limit", **GB},
    {"type": "storage", "name": "Storage", "billing_type": "limit", **GB},
    {"type": "floating_ip", "name": "Floating IPs", "measured_unit": "IPs", "billing_type": "limit"},
)
OF_VMS: tuple[dict[str, Any], ...] = (
    {"type": "vcpu", "name": "vCPU", "measured_unit": "cores", "billing_type": "fixed"},
    {"type": "vm_ram", "name": "RAM", "billing_type": "fixed", **GB},
    {"type": "vm_disk", "name": "Disk", "billing_type": "fixed", **GB},
)
VDC_PLANS = [{"name": "Pay for limits", "prices": {"cpu": "4", "ram": "2", "storage": "0.1", "floating_ip": "3"}}]
VM_PRICES = {"vcpu": "5", "vm_ram": "2.5", "vm_disk": "0.1"}
VM_PLANS = [
    {"name": "Small", "quotas": {"vcpu": 1, "vm_ram": 1, "vm_disk": 5}, "prices": VM_PRICES},
    {"name": "Large", "quotas": {"vcpu": 2, "vm_ram": 4, "vm_disk": 20}, "prices": VM_PRICES},
]
NETWORKING = {
    "external_network_id": 0,
    "virtual_router_template_id": 1,
    "security_group_defaults": [
        {"direction": "INBOUND", "protocol": "TCP", "range": "22:22"},
        {"direction": "INBOUND", "protocol": "ICMP", "type": "8"},
    ],
}
SUBNET = {"subnet_cidr": {"type": "string", "label": "Internal subnet CIDR", "required": False}}
KEY = {"ssh_public_key": {"type": "string", "label": "SSH public key", "required": False}}


def make_agent_offerings() -> dict[str, str]:
    """``vdc`` and ``vm``: the uuids; ``token`` of the agent's user."""
    from demo.sample_data import grant
    from waldur_core.structure.models import AuthToken, User

    agent, _ = User.objects.get_or_create(username="opennebula-agent", defaults={"token_lifetime": None})
    parent = {"parent_vdc_backend_id": "demo-vdc", "template_id": 0}
    offerings = {
        "vdc": make("OpenNebula VDC", "Private clouds", OF_VDCS, VDC_PLANS, NETWORKING, SUBNET),
        "vm": make("OpenNebula VM", "Virtual machines", OF_VMS, VM_PLANS, parent, KEY),
    }
    for offering in offerings.values():
        grant(agent, "OFFERING.MANAGER", offering)
    return {name: offering.uuid.hex for name, offering in offerings.items()} | {
        "token": AuthToken.objects.issue(agent).key
    }


def make(name: str, category: str, components: Any, plans: Any, plugin_options: Any, options: Any) -> Any:
    from waldur_core.structure.models import Customer
    from waldur_mastermind.marketplace import catalogue
    from waldur_mastermind.marketplace.models import Category, Offering
    from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT

    if found := Offering.objects.filter(name=name).first():
        return found
    accounts = {"service_provider_can_create_offering_user": True, "username_generation_policy": "waldur_username"}
    offering = catalogue.create_offering(
        {
            "name": name,
            "type": SITE_AGENT,
            "customer": Customer.objects.get(name="Nordic Cloud"),
            "category": Category.objects.get(title=category),
            "shared": True,
            "plugin_options": {**accounts, **plugin_options},
            "options": {"order": list(options), "options": options},
        },
        integration={},
        components=components,
        plans=plans,
    )
    offering.enter(Offering.State.ACTIVE)
    return offering
