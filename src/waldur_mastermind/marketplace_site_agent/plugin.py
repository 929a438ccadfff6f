"""`Marketplace.Slurm.Remote`: what is ordered is made by an agent at the provider's site."""

from collections.abc import Mapping

from rest_framework.exceptions import ValidationError

from waldur_mastermind.marketplace.access_renewal import can_renew
from waldur_mastermind.marketplace.models import Offering, Order, Plan, Resource
from waldur_mastermind.marketplace.plugins import OfferingPlugin

SITE_AGENT = "Marketplace.Slurm.Remote"


class SiteAgentPlugin(OfferingPlugin):
    """Every order waits for the agent: it accepts the order, does the work, and says what became of it.

    Components are the provider's own. The agent reads limits, or the amounts of the plan where there are none.
    """

    type = SITE_AGENT
    needs_provider_review = True
    manual = True
    restorable = True

    def before_activation(self, offering: Offering) -> None:
        if not offering.components.exists():
            raise ValidationError(
                {"components": ["The offering has no components: the agent would not know what to make."]}
            )

    def validate_update(self, resource: Resource, *, limits: Mapping[str, int] | None, plan: Plan | None) -> None:
        if not resource.backend_id:
            raise ValidationError({"backend_id": ["The agent has not told yet what it made: nothing can be changed."]})

    def available_actions(self, resource: Resource) -> list[str]:
        return ["renew_access"] if can_renew(resource) else []

    def update(self, order: Order) -> bool:
        return False

    def restore(self, order: Order) -> None:
        """What the agent has told was of the one that is gone: its addresses and passwords work no more."""
        resource = order.resource
        resource.backend_metadata, resource.secret_metadata, resource.endpoints = {}, {}, []
        resource.save(update_fields=["backend_metadata", "secret_metadata", "endpoints", "modified"])
