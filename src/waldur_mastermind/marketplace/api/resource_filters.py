"""The query parameters of resources."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet

from waldur_core.rest.filters import (
    AnyOfFilter,
    BooleanFilter,
    LinkFilter,
    MultiUUIDFilter,
    MultiValueFilter,
    NamedFilterSet,
    UUIDFilter,
)
from waldur_mastermind.marketplace.models import OfferingComponent, Order, Resource


class ComponentBillingFilter(BooleanFilter):
    """Whether any component of the offering is billed in one way."""

    def __init__(self, billing_type: str) -> None:
        self.billing_type = billing_type
        super().__init__()

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        components = OfferingComponent.objects.filter(offering=OuterRef("offering"), billing_type=self.billing_type)
        return qs.filter(Exists(components)) if value else qs.exclude(Exists(components))


class OrderStateFilter(MultiValueFilter):
    """Resources with an order in one of the states."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        states = [state for state in self._values() if state]
        orders = Order.objects.filter(resource=OuterRef("pk"), state__in=states)
        return qs.filter(Exists(orders)) if states else qs


class ResourceFilter(NamedFilterSet):
    backend_id = django_filters.CharFilter()
    category_uuid = UUIDFilter(field_name="offering__category__uuid")
    customer = LinkFilter(field_name="project__customer")
    customer_uuid = UUIDFilter(field_name="project__customer__uuid")
    has_terminate_date = BooleanFilter(field_name="end_date", lookup_expr="isnull", exclude=True)
    limit_based = ComponentBillingFilter(OfferingComponent.BillingType.LIMIT)
    usage_based = ComponentBillingFilter(OfferingComponent.BillingType.USAGE)
    offering = LinkFilter(field_name="offering")
    offering_billable = BooleanFilter(field_name="offering__billable")
    offering_shared = BooleanFilter(field_name="offering__shared")
    offering_slug = MultiValueFilter(field_name="offering__slug")
    offering_type = MultiValueFilter(field_name="offering__type")
    offering_uuid = MultiUUIDFilter(field_name="offering__uuid")
    order_state = OrderStateFilter()
    parent_offering_uuid = UUIDFilter(field_name="offering__parent__uuid")
    plan_uuid = UUIDFilter(field_name="plan__uuid")
    project_name = django_filters.CharFilter(field_name="project__name", lookup_expr="icontains")
    project_uuid = UUIDFilter(field_name="project__uuid")
    provider_uuid = UUIDFilter(field_name="offering__customer__uuid")
    query = AnyOfFilter(paths=("name", "slug", "backend_id", "effective_id", "project__name", "offering__name"))
    paused = BooleanFilter()
    downscaled = BooleanFilter()
    restrict_member_access = BooleanFilter()
    runtime_state = django_filters.CharFilter(field_name="backend_metadata__runtime_state")
    scope_uuid = UUIDFilter()
    slug = django_filters.CharFilter()
    state = MultiValueFilter(field_name="state")

    class Meta:
        model = Resource
        fields = ()


ORDERING = {
    "backend_id": "backend_id",
    "created": "created",
    "customer_name": "project__customer__name",
    "end_date": "end_date",
    "name": "name",
    "offering_name": "offering__name",
    "plan_name": "plan__name",
    "project_name": "project__name",
    "state": "state",
}
