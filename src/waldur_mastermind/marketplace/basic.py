"""`Marketplace.Basic`: a person at the provider does the work and says when it is done."""

from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace.plugins import OfferingPlugin, register


class BasicPlugin(OfferingPlugin):
    """Waits for the provider at both ends: to accept the order, and to report its outcome."""

    type = "Marketplace.Basic"
    needs_provider_review = True
    manual = True

    def update(self, order: Order) -> bool:
        return False


register(BasicPlugin())
