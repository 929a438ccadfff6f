"""An offering that an agent works for, and the people around it."""

from typing import Any

from tests.api.keys import ED25519
from tests.factories import grant, make_user
from tests.marketplace.stage import Stage as Market
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import AuthToken, SshPublicKey
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_mastermind.marketplace_site_agent.models import AgentIdentity
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT

COMPONENTS: list[dict[str, Any]] = [
    {"type": "cpu", "name": "CPU", "measured_unit": "cores", "billing_type": "limit"},
    {"type": "ram", "name": "RAM", "measured_unit": "GB", "billing_type": "limit", "unit_factor": 1024},
    {"type": "traffic", "name": "Traffic", "measured_unit": "GB", "billing_type": "usage"},
]
FIXED: list[dict[str, Any]] = [
    {"type": "vcpu", "name": "vCPU", "measured_unit": "cores", "billing_type": "fixed"},
]
ACCOUNTS = {"service_provider_can_create_offering_user": True, "username_generation_policy": "waldur_username"}


class AgentStage(Market):
    """The cast, an offering with limits and one with fixed sizes, and the user the agent signs in as."""

    def __init__(self) -> None:
        super().__init__()
        self.vdc = self.make_agent_offering("Data centres", COMPONENTS, [{"name": "By limits"}])
        sizes = [{"name": "Small", "quotas": {"vcpu": 1}}, {"name": "Large", "quotas": {"vcpu": 4}}]
        self.vm = self.make_agent_offering("Machines by size", FIXED, sizes)
        self.agent = make_user("agent", token_lifetime=None)
        for offering in (self.vdc, self.vm):
            grant(self.agent, RoleName.OFFERING_MANAGER, offering)
        SshPublicKey.objects.create(user=self.member, name="laptop", public_key=ED25519)

    def make_agent_offering(self, name: str, components: Any, plans: Any, **columns: Any) -> Offering:
        fields = {"type": SITE_AGENT, "customer": self.provider, "category": self.category, "state": "Active"}
        options = {"plugin_options": ACCOUNTS}
        return catalogue.create_offering(
            {"name": name, **fields, **options, **columns}, integration={}, components=components, plans=plans
        )

    @property
    def token(self) -> str:
        return AuthToken.objects.issue(self.agent).key

    def make_identity(self, **columns: Any) -> AgentIdentity:
        fields = {"offering": self.vdc, "name": f"agent-{self.vdc.uuid.hex}", "created_by": self.agent}
        return AgentIdentity.objects.create(**{**fields, **columns})

    def make_vdc(self, **columns: Any) -> Resource:
        """A data centre that an agent has made."""
        fields = {"offering": self.vdc, "limits": {"cpu": 2, "ram": 4}, "backend_id": "led-machine", "scope": None}
        return self.make_resource(**{**fields, **columns})
