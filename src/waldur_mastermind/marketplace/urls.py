from rest_framework.routers import BaseRouter

from waldur_mastermind.marketplace.api.categories import CategoryViewSet
from waldur_mastermind.marketplace.api.consumer_resources import ResourceViewSet
from waldur_mastermind.marketplace.api.orders import OrderViewSet
from waldur_mastermind.marketplace.api.plans import PlanComponentViewSet, PlanViewSet
from waldur_mastermind.marketplace.api.provider_offerings import ProviderOfferingViewSet
from waldur_mastermind.marketplace.api.provider_resources import ProviderResourceViewSet
from waldur_mastermind.marketplace.api.providers import ServiceProviderViewSet
from waldur_mastermind.marketplace.api.public_offerings import PublicOfferingViewSet
from waldur_mastermind.marketplace.api.usages import ComponentUsageViewSet, ComponentUserUsageViewSet

VIEW_SETS = {
    "marketplace-categories": (CategoryViewSet, "marketplace-category"),
    "marketplace-service-providers": (ServiceProviderViewSet, "marketplace-service-provider"),
    "marketplace-public-offerings": (PublicOfferingViewSet, "marketplace-public-offering"),
    "marketplace-provider-offerings": (ProviderOfferingViewSet, "marketplace-provider-offering"),
    "marketplace-plans": (PlanViewSet, "marketplace-plan"),
    "marketplace-plan-components": (PlanComponentViewSet, "marketplace-plan-component"),
    "marketplace-orders": (OrderViewSet, "marketplace-order"),
    "marketplace-resources": (ResourceViewSet, "marketplace-resource"),
    "marketplace-provider-resources": (ProviderResourceViewSet, "marketplace-provider-resource"),
    "marketplace-component-usages": (ComponentUsageViewSet, "marketplace-component-usage"),
    "marketplace-component-user-usages": (ComponentUserUsageViewSet, "marketplace-component-user-usage"),
}


def register(router: BaseRouter) -> None:
    for prefix, (view_set, basename) in VIEW_SETS.items():
        router.register(prefix, view_set, basename=basename)
