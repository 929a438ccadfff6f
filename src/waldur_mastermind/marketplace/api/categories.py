"""`/api/marketplace-categories/`: the shelves of the marketplace."""

from typing import Any

import django_filters
from django.db.models import Count, Q, QuerySet
from rest_framework import mixins, serializers
from rest_framework.exceptions import ValidationError

from waldur_core.permissions.access import Staff, Visible
from waldur_core.permissions.visibility import visibility
from waldur_core.rest.filters import BooleanFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace.models import Category, Offering

DEFAULTS = ("default_vm_category", "default_volume_category")


class CategorySerializer(ModelSerializer):
    url = LinkField("marketplace-category-detail")
    offering_count = serializers.IntegerField(read_only=True, default=0)
    available_offerings_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Category
        fields = (
            "url", "uuid", "title", "description", "default_vm_category", "default_volume_category",
            "offering_count", "available_offerings_count",
        )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        others = Category.objects.exclude(pk=self.instance.pk) if self.instance else Category.objects.all()
        for name in DEFAULTS:
            if attrs.get(name) and (taken := others.filter(**{name: True}).first()):
                raise ValidationError({name: [f"{taken} is this category already."]})
        return attrs


class CategoryFilter(django_filters.FilterSet):
    title = django_filters.CharFilter(lookup_expr="icontains")
    offering_name = django_filters.CharFilter(field_name="offerings__name", lookup_expr="icontains", distinct=True)
    customer_uuid = UUIDFilter(field_name="offerings__customer__uuid", distinct=True)
    has_shared = BooleanFilter(field_name="offerings__shared", distinct=True)
    resource_customer_uuid = UUIDFilter(field_name="offerings__resources__project__customer__uuid", distinct=True)
    resource_project_uuid = UUIDFilter(field_name="offerings__resources__project__uuid", distinct=True)

    class Meta:
        model = Category
        fields = ()


class CategoryViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """The shelves of the marketplace; staff make them."""

    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    filterset_class = CategoryFilter
    ordering_fields = {"title": "title"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": Staff(),
        "update": Staff(),
        "partial_update": Staff(),
        "destroy": Staff(),
    }

    def get_queryset(self) -> QuerySet[Category]:
        return (
            with_counts(super().get_queryset(), self.request.user) if self.action in READS else super().get_queryset()
        )


READS = ("list", "retrieve")


def with_counts(queryset: QuerySet[Category], user: Any) -> QuerySet[Any]:
    """How many offerings on sale stand on each shelf, and how many of them the user may order."""
    on_sale = Q(offerings__state__in=Offering.PUBLIC)
    seen = (
        Offering.objects.all()
        if user.is_staff or user.is_support
        else Offering.objects.filter(visibility(user, Offering))
    )
    return queryset.order_by("title", "pk").annotate(
        offering_count=Count("offerings", filter=on_sale, distinct=True),
        available_offerings_count=Count(
            "offerings", filter=Q(offerings__state="Active", offerings__in=seen.values("pk")), distinct=True
        ),
    )
