"""`/api/projects/`: where the resources of a customer live and its people work."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.grants import revoke_all
from waldur_core.permissions.strings import Permission, RoleName
from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.filters import AnyOfFilter, BooleanFilter, MultiUUIDFilter, NamedFilterSet
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.api.customers import require_open
from waldur_core.structure.api.estimates import KEY, EstimatedListSerializer, EstimatedMixin
from waldur_core.structure.api.filters import CurrentUserHasRoleFilter, HasRoleFilter, HoldsRoleFilter
from waldur_core.structure.api.memberships import MembershipsMixin, membership_access
from waldur_core.structure.api.slug_search import TOLD, with_found
from waldur_core.structure.api.user_serializers import BasicUserSerializer
from waldur_core.structure.models import Customer, Project, User
from waldur_core.structure.teams import holders


class ProjectSerializer(EstimatedMixin, ModelSerializer):
    url = LinkField("project-detail")
    customer = RelatedLinkField("customer-detail", queryset=Customer.objects.all())
    customer_uuid = HexUUIDField(source="customer.uuid", read_only=True)
    customer_name = serializers.CharField(source="customer.name", read_only=True)
    customer_slug = serializers.CharField(source="customer.slug", read_only=True)
    customer_native_name = serializers.CharField(source="customer.native_name", read_only=True)
    customer_abbreviation = serializers.CharField(source="customer.abbreviation", read_only=True)
    is_removed = serializers.BooleanField(default=False, read_only=True)

    class Meta:
        model = Project
        fields = (
            "url", "uuid", "created", "name", "slug", "description", "customer", "customer_uuid", "customer_name",
            "customer_slug", "customer_native_name", "customer_abbreviation", "backend_id", "start_date", "end_date",
            "is_industry", "is_removed", KEY,
        )  # fmt: skip
        read_only_fields = ("slug",)
        list_serializer_class = EstimatedListSerializer

    def to_representation(self, instance: Project) -> dict[str, Any]:
        row: dict[str, Any] = super().to_representation(instance)
        only_found = getattr(instance, "only_found", False)
        return {key: value for key, value in row.items() if key in TOLD} if only_found else row

    def validate_end_date(self, value: date | None) -> date | None:
        if value and value < timezone.now().date() and (self.instance is None or value != self.instance.end_date):
            raise serializers.ValidationError("The end date lies in the past.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance:
            attrs.pop("customer", None)  # a project stays with its customer
        else:
            require_permission(self.context["request"].user, Permission.PROJECT_CREATE, [attrs["customer"]])
            require_open(attrs["customer"])
        start = attrs.get("start_date", getattr(self.instance, "start_date", None))
        end = attrs.get("end_date", getattr(self.instance, "end_date", None))
        if start and end and end < start:
            raise serializers.ValidationError({"end_date": ["The project would end before it starts."]})
        return attrs


class ConcealFinishedFilter(BooleanFilter):
    """With true: without the projects whose end date has passed."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.filter(Q(end_date=None) | Q(end_date__gte=timezone.now().date())) if value else qs


class ProjectFilter(NamedFilterSet):
    customer = MultiUUIDFilter(field_name="customer__uuid")
    customer_uuid = MultiUUIDFilter(field_name="customer__uuid")
    customer_name = django_filters.CharFilter(field_name="customer__name", lookup_expr="icontains")
    customer_native_name = django_filters.CharFilter(field_name="customer__native_name", lookup_expr="icontains")
    customer_abbreviation = django_filters.CharFilter(field_name="customer__abbreviation", lookup_expr="icontains")
    backend_id = django_filters.CharFilter()
    slug = django_filters.CharFilter()
    query = AnyOfFilter(paths=("name", "description", "backend_id", "customer__name"))
    user_uuid = HasRoleFilter()
    user_uuid_with_active_role = HasRoleFilter()
    current_user_has_role = CurrentUserHasRoleFilter()
    can_manage = HoldsRoleFilter(RoleName.PROJECT_MANAGER)
    can_admin = HoldsRoleFilter(RoleName.PROJECT_ADMIN)
    conceal_finished_projects = ConcealFinishedFilter()

    class Meta:
        model = Project
        fields = ()


def require_open_customer(project: Project) -> None:
    require_open(project.customer)


class ProjectViewSet(
    MembershipsMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    ReadOnlyViewSet,
):
    """Projects: one works in them with others, and orders resources into them."""

    queryset = Project.objects.select_related("customer")
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilter
    ordering_fields = {
        **{name: name for name in ("name", "created", "start_date", "end_date")},
        **{f"customer_{name}": f"customer__{name}" for name in ("name", "native_name", "abbreviation")},
    }
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "other_users": Visible(),
        "create": InBody(permission=Permission.PROJECT_CREATE, on="customer"),
        "update": Holder(permission=Permission.PROJECT_UPDATE, on=("", "customer")),
        "partial_update": Holder(permission=Permission.PROJECT_UPDATE, on=("", "customer")),
        "destroy": Holder(permission=Permission.PROJECT_DELETE, on=("", "customer")),
        **membership_access("PROJECT", on=("", "customer")),
    }
    preconditions = dict.fromkeys(("update", "partial_update", "add_user", "update_user"), (require_open_customer,))

    def get_queryset(self) -> QuerySet[Project]:
        seen = super().get_queryset()
        return with_found(self.request, self.queryset.all(), seen) if self.action == "list" else seen

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._record("creation", "created", serializer.save())

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._record("update", "updated", serializer.save())

    def perform_destroy(self, instance: Project) -> None:
        revoke_all(instance, actor=self.request.user)
        self._record("deletion", "deleted", instance)
        instance.delete()

    def _record(self, what: str, done: str, project: Project) -> None:
        message = f"Project {project} has been {done}."
        record(f"project_{what}_succeeded", message, scope=project, actor=self.request.user)

    @extend_schema(responses=BasicUserSerializer(many=True), filters=False)
    @action(detail=True, serializer_class=BasicUserSerializer, filterset_class=None)
    def other_users(self, request: Request, uuid: str) -> Response:
        """People of the same customer who are not yet in this project."""
        project = self.get_object()
        customer = Customer.objects.filter(pk=project.customer_id)
        colleagues = Q(pk__in=holders(customer)) | Q(pk__in=holders(Project.objects.filter(customer__in=customer)))
        others = visible_to(request.user, User.objects.filter(colleagues, is_active=True))
        page = self.paginate_queryset(others.exclude(pk__in=holders(Project.objects.filter(pk=project.pk))))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
