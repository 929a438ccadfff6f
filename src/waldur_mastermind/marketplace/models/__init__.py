"""The catalogue (categories, providers, offerings, components, plans), orders, and resources with what they used."""

from waldur_mastermind.marketplace.models.categories import Category
from waldur_mastermind.marketplace.models.components import OfferingComponent
from waldur_mastermind.marketplace.models.history import LimitChange, PriceChange
from waldur_mastermind.marketplace.models.offerings import Offering
from waldur_mastermind.marketplace.models.orders import Order
from waldur_mastermind.marketplace.models.plans import Plan, PlanComponent
from waldur_mastermind.marketplace.models.providers import ServiceProvider
from waldur_mastermind.marketplace.models.resources import PlanPeriod, Resource
from waldur_mastermind.marketplace.models.usages import ComponentUsage, ComponentUserUsage

__all__ = [
    "Category",
    "ComponentUsage",
    "ComponentUserUsage",
    "LimitChange",
    "Offering",
    "OfferingComponent",
    "Order",
    "Plan",
    "PlanComponent",
    "PlanPeriod",
    "PriceChange",
    "Resource",
    "ServiceProvider",
]
