"""The query parameters of offerings."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from waldur_core.permissions.visibility import visibility
from waldur_core.rest.filters import (
    AnyOfFilter,
    BooleanFilter,
    LinkFilter,
    MultiValueFilter,
    NamedFilterSet,
    UUIDFilter,
)
from waldur_core.structure.models import Customer
from waldur_mastermind.marketplace.models import Offering


class AllowedCustomerFilter(UUIDFilter):
    """What the projects of a customer may order: shared offerings and its own."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.filter(Q(shared=True) | Q(customer__uuid=value)) if value else qs


class AccessibleFilter(BooleanFilter):
    """What the caller may order somewhere: shared, or of a customer he sees."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return qs
        customers = Customer.objects.filter(visibility(self.parent.request.user, Customer))
        return qs.filter(Q(shared=True) | Q(customer__in=customers.values("pk")))


class UUIDListFilter(django_filters.CharFilter):
    """Several uuids, separated by commas."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.filter(uuid__in=[item.strip() for item in value.split(",")]) if value else qs


class OfferingFilter(NamedFilterSet):
    accessible = AccessibleFilter()
    allowed_customer_uuid = AllowedCustomerFilter()
    billable = BooleanFilter()
    category_uuid = UUIDFilter(field_name="category__uuid")
    customer = LinkFilter(field_name="customer")
    customer_uuid = UUIDFilter(field_name="customer__uuid")
    keyword = AnyOfFilter(paths=("name", "description", "customer__name"))
    query = AnyOfFilter(paths=("name", "slug", "description"))
    parent_uuid = UUIDFilter(field_name="parent__uuid")
    project_uuid = UUIDFilter(field_name="project__uuid")
    resource_customer_uuid = UUIDFilter(field_name="resources__project__customer__uuid", distinct=True)
    resource_project_uuid = UUIDFilter(field_name="resources__project__uuid", distinct=True)
    scope_uuid = UUIDFilter()
    shared = BooleanFilter()
    slug = django_filters.CharFilter()
    state = MultiValueFilter(field_name="state")
    type = MultiValueFilter(field_name="type")
    uuid_list = UUIDListFilter()

    class Meta:
        model = Offering
        fields = ()


ORDERING = {"created": "created", "name": "name", "state": "state", "type": "type"}
