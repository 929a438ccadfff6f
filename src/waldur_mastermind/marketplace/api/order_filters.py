"""The query parameters of orders."""

from typing import Any

import django_filters
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet

from waldur_core.permissions.models import UserRole
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import AnyOfFilter, BooleanFilter, LinkFilter, MomentFilter, MultiValueFilter, UUIDFilter
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.models import Offering, Order


def held(user: Any, model: type[Model], *permissions: str) -> QuerySet[Any]:
    """Ids of the scopes of one kind on which a user holds any of some permissions."""
    grants = UserRole.objects.active().filter(user=user, content_type=ContentType.objects.get_for_model(model))
    return grants.filter(role__permissions__overlap=[str(name) for name in permissions]).values("object_id")


class ReviewFilter(BooleanFilter):
    """The orders that wait for the caller's word."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        user = self.parent.request.user
        waiting = Q(state=self.waits_in) & (Q() if user.is_staff else self.may_review(user))
        return qs.filter(waiting) if value else qs.exclude(waiting)

    waits_in = ""

    def may_review(self, user: Any) -> Q:
        raise NotImplementedError


class ConsumerReviewFilter(ReviewFilter):
    waits_in = Order.State.PENDING_CONSUMER

    def may_review(self, user: Any) -> Q:
        approve, private = Permission.ORDER_APPROVE, Permission.ORDER_APPROVE_PRIVATE
        any_order = Q(project__in=held(user, Project, approve)) | Q(project__customer__in=held(user, Customer, approve))
        own = Q(project__in=held(user, Project, private)) | Q(project__customer__in=held(user, Customer, private))
        return any_order | (Q(offering__shared=False) & own)


class ProviderReviewFilter(ReviewFilter):
    waits_in = Order.State.PENDING_PROVIDER

    def may_review(self, user: Any) -> Q:
        approve = Permission.ORDER_APPROVE
        return Q(offering__in=held(user, Offering, approve)) | Q(offering__customer__in=held(user, Customer, approve))


class OrderFilter(django_filters.FilterSet):
    can_approve_as_consumer = ConsumerReviewFilter()
    can_approve_as_provider = ProviderReviewFilter()
    category_uuid = UUIDFilter(field_name="offering__category__uuid")
    created = MomentFilter(lookup_expr="gte")
    created_before = MomentFilter(field_name="created", lookup_expr="lte")
    modified = MomentFilter(lookup_expr="gte")
    modified_before = MomentFilter(field_name="modified", lookup_expr="lte")
    customer_uuid = UUIDFilter(field_name="project__customer__uuid")
    offering = LinkFilter(field_name="offering")
    offering_uuid = UUIDFilter(field_name="offering__uuid")
    offering_slug = MultiValueFilter(field_name="offering__slug")
    offering_type = MultiValueFilter(field_name="offering__type")
    parent_offering_uuid = UUIDFilter(field_name="offering__parent__uuid")
    project_uuid = UUIDFilter(field_name="project__uuid")
    provider_uuid = UUIDFilter(field_name="offering__customer__uuid")
    query = AnyOfFilter(paths=("resource__name", "offering__name", "project__name", "slug"))
    resource = LinkFilter(field_name="resource")
    resource_name = django_filters.CharFilter(field_name="resource__name", lookup_expr="icontains")
    resource_uuid = UUIDFilter(field_name="resource__uuid")
    slug = django_filters.CharFilter()
    state = MultiValueFilter(field_name="state")
    type = MultiValueFilter(field_name="type")
    was_auto_approved = BooleanFilter(field_name="auto_approved")

    class Meta:
        model = Order
        fields = ()


ORDERING = {
    "consumer_reviewed_at": "consumer_reviewed_at",
    "cost": "cost",
    "created": "created",
    "state": "state",
}
