"""`/api/customers/`: organizations and their people."""

from typing import Any

import django_filters
from django.db.models import OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Holder, SignedIn, Staff, Visible
from waldur_core.permissions.grants import count_users, revoke_all
from waldur_core.permissions.strings import Permission, RoleName
from waldur_core.rest.counts import count_rows
from waldur_core.rest.filters import AnyOfFilter, BooleanFilter, NamedFilterSet
from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.api.estimates import KEY, EstimatedListSerializer, EstimatedMixin
from waldur_core.structure.api.filters import CurrentUserHasRoleFilter, HasRoleFilter, HoldsRoleFilter
from waldur_core.structure.api.memberships import MembershipsMixin, membership_access
from waldur_core.structure.countries import COUNTRIES
from waldur_core.structure.models import Customer, Project
from waldur_core.structure.teams import members_of_customers, scopes_held

STAFF_ONLY = ("blocked", "archived", "default_tax_percent", "agreement_number", "domain", "backend_id")


def require_open(customer: Customer) -> None:
    """Raise 400 while the customer is blocked or archived: nothing of it may change."""
    if customer.blocked or customer.archived:
        word = "blocked" if customer.blocked else "archived"
        raise serializers.ValidationError({"customer": [f"{customer} is {word}: no changes are possible."]})


class CustomerSerializer(EstimatedMixin, ModelSerializer):
    url = LinkField("customer-detail")
    display_name = serializers.SerializerMethodField()
    country = serializers.ChoiceField(choices=list(COUNTRIES.items()), required=False, allow_blank=True)
    country_name = serializers.SerializerMethodField()
    projects_count = serializers.IntegerField(read_only=True, default=0)
    users_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Customer
        fields = (
            "url", "uuid", "created", "name", "display_name", "slug", "native_name", "abbreviation", "description",
            "email", "phone_number", "contact_details", "registration_code", "agreement_number", "vat_code", "country",
            "country_name", "address", "postal", "bank_name", "bank_account", "homepage", "domain", "backend_id",
            "default_tax_percent", "blocked", "archived", "projects_count", "users_count", KEY,
        )  # fmt: skip
        list_serializer_class = EstimatedListSerializer
        read_only_fields = ("slug",)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        if not self.context["request"].user.is_staff:
            for name in fields.keys() & set(STAFF_ONLY):
                fields[name].read_only = True
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance and not self.context["request"].user.is_staff:
            require_open(self.instance)
        return attrs

    def get_display_name(self, customer: Customer) -> str:
        return f"{customer.name} ({customer.abbreviation})" if customer.abbreviation else customer.name

    def get_country_name(self, customer: Customer) -> str:
        return COUNTRIES.get(customer.country, "")


class MayCreateProjectsFilter(BooleanFilter):
    """Where the caller may create projects."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        user = self.parent.request.user
        if value is None or user.is_staff:
            return qs if value is not False else qs.none()
        permitted = scopes_held(user, Customer, Q(role__permissions__contains=[Permission.PROJECT_CREATE]))
        return qs.filter(pk__in=permitted) if value else qs.exclude(pk__in=permitted)


class CustomerFilter(NamedFilterSet):
    abbreviation = django_filters.CharFilter(lookup_expr="icontains")
    native_name = django_filters.CharFilter(lookup_expr="icontains")
    contact_details = django_filters.CharFilter(lookup_expr="icontains")
    registration_code = django_filters.CharFilter(lookup_expr="icontains")
    agreement_number = django_filters.CharFilter(lookup_expr="icontains")
    backend_id = django_filters.CharFilter()
    query = AnyOfFilter(paths=("name", "native_name", "abbreviation", "domain", "registration_code"))
    user_uuid = HasRoleFilter()
    current_user_has_role = CurrentUserHasRoleFilter()
    current_user_has_project_create_permission = MayCreateProjectsFilter()
    owned_by_current_user = HoldsRoleFilter(RoleName.CUSTOMER_OWNER)
    archived = BooleanFilter()
    blocked = BooleanFilter()

    class Meta:
        model = Customer
        fields = ()


class CountrySerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class CustomerViewSet(
    MembershipsMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    ReadOnlyViewSet,
):
    """Organizations. Staff make them, owners keep them up to date."""

    queryset = Customer.objects.annotate(
        projects_count=count_rows(Project.objects.filter(customer=OuterRef("pk"))),
        users_count=count_users(members_of_customers()),
    )
    serializer_class = CustomerSerializer
    filterset_class = CustomerFilter
    ordering_fields = {name: name for name in ("name", "created", "native_name", "abbreviation", "registration_code")}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "countries": SignedIn("the countries of the world"),
        "create": Staff(),
        "update": Holder(permission=Permission.CUSTOMER_UPDATE, on=("",)),
        "partial_update": Holder(permission=Permission.CUSTOMER_UPDATE, on=("",)),
        "destroy": Holder(permission=Permission.CUSTOMER_UPDATE, on=("",)),
        **membership_access("CUSTOMER", on=("",)),
    }
    preconditions = {"add_user": (require_open,), "update_user": (require_open,)}

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        customer = serializer.save()
        self._record("creation", "created", customer)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._record("update", "updated", serializer.save())

    def perform_destroy(self, instance: Customer) -> None:
        revoke_all(instance, actor=self.request.user)
        self._record("deletion", "deleted", instance)
        instance.delete()

    def _record(self, what: str, done: str, customer: Customer) -> None:
        message = f"Customer {customer} has been {done}."
        record(f"customer_{what}_succeeded", message, scope=customer, actor=self.request.user)

    @extend_schema(responses=CountrySerializer(many=True), filters=False)
    @action(detail=False, serializer_class=CountrySerializer, filterset_class=None)
    def countries(self, request: Request) -> Response:
        """The countries a customer can be in."""
        rows = [{"value": code, "label": name} for code, name in sorted(COUNTRIES.items(), key=lambda item: item[1])]
        return self.get_paginated_response(self.paginate_queryset(rows))
