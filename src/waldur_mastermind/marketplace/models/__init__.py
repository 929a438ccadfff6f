"""The catalogue (categories, providers, offerings, components, plans), orders, and the resources that come of them."""

from waldur_mastermind.marketplace.models.categories import Category
from waldur_mastermind.marketplace.models.components import OfferingComponent
from waldur_mastermind.marketplace.models.offerings import Offering
from waldur_mastermind.marketplace.models.orders import Order
from waldur_mastermind.marketplace.models.plans import Plan, PlanComponent
from waldur_mastermind.marketplace.models.providers import ServiceProvider
from waldur_mastermind.marketplace.models.resources import PlanPeriod, Resource

__all__ = [
    "Category",
    "Offering",
    "OfferingComponent",
    "Order",
    "Plan",
    "PlanComponent",
    "PlanPeriod",
    "Resource",
    "ServiceProvider",
]
