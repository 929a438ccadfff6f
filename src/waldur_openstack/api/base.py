"""What all OpenStack endpoints share: the common fields (spec BASE), filters (spec BF) and staff actions."""

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import workflow_named
from waldur_core.permissions.access import Staff, Visible
from waldur_core.permissions.checks import where_permitted
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import BooleanFilter, LinkFilter, MultiValueFilter, NamedFilterSet, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import Precondition, ReadOnlyViewSet
from waldur_core.structure.extra_fields import MARKETPLACE_FIELDS, extra_fields_of
from waldur_core.structure.models import Customer, Project, ServiceResource
from waldur_core.structure.states import HISTORIC_NAMES, CoreState
from waldur_openstack.drift.aspects import word_of
from waldur_openstack.models import Drift
from waldur_openstack.removal import Removal

BASE_FIELDS = (
    "url", "uuid", "name", "description", "service_name", "service_settings", "service_settings_uuid",
    "service_settings_state", "service_settings_error_message", "project", "project_name", "project_uuid", "customer",
    "customer_uuid", "customer_name", "customer_native_name", "customer_abbreviation", "error_message",
    "error_traceback", "resource_type", "state", "created", "modified", "backend_id", "access_url", "has_drift",
)  # fmt: skip
TENANT_FIELDS = (*BASE_FIELDS, "tenant", "tenant_name", "tenant_uuid")
BASE_RELATED = ("service_settings", "project__customer")


class StatusSerializer(serializers.Serializer[Any]):
    """The answer of an action that has been scheduled."""

    status = serializers.CharField()
    detail = serializers.CharField()
    operation = serializers.URLField(required=False, help_text="Where to follow it.")


class DetailSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()


class ErredSerializer(serializers.Serializer[Any]):
    error_message = serializers.CharField(required=False, allow_blank=True, default="")
    error_traceback = serializers.CharField(required=False, allow_blank=True, default="")


class ResourceListSerializer(serializers.ListSerializer[Any]):
    """Fetches what the marketplace adds to the page in one go."""

    def to_representation(self, data: Any) -> Any:
        items = list(data.all() if hasattr(data, "all") else data)
        context: Any = self.context
        context["_extra"] = extra_fields_of(items)
        return super().to_representation(items)


class ResourceSerializer(ModelSerializer):
    """The common fields of every object in a cloud."""

    added_fields = frozenset(MARKETPLACE_FIELDS)

    service_name = serializers.CharField(source="service_settings.name", read_only=True)
    service_settings = RelatedLinkField("servicesettings-detail", read_only=True)
    service_settings_uuid = HexUUIDField(source="service_settings.uuid", read_only=True)
    service_settings_state = serializers.CharField(source="service_settings.state", read_only=True)
    service_settings_error_message = serializers.CharField(source="service_settings.error_message", read_only=True)
    project = RelatedLinkField("project-detail", read_only=True)
    project_name = serializers.CharField(source="project.name", read_only=True)
    project_uuid = HexUUIDField(source="project.uuid", read_only=True)
    customer = RelatedLinkField("customer-detail", read_only=True, source="project.customer")
    customer_uuid = HexUUIDField(source="project.customer.uuid", read_only=True)
    customer_name = serializers.CharField(source="project.customer.name", read_only=True)
    customer_native_name = serializers.CharField(source="project.customer.native_name", read_only=True)
    customer_abbreviation = serializers.CharField(source="project.customer.abbreviation", read_only=True)
    error_traceback = serializers.SerializerMethodField()
    resource_type = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=CoreState.choices, read_only=True)
    access_url = serializers.SerializerMethodField()
    has_drift = serializers.SerializerMethodField(help_text="Whether /api/openstack-drifts/ has something of it.")

    class Meta:
        list_serializer_class = ResourceListSerializer

    def get_error_traceback(self, obj: ServiceResource) -> str:
        return obj.error_traceback if self._sees_internals() else ""

    def get_access_url(self, obj: Any) -> Any:
        return obj.service_settings.options.get("access_url") or None

    def get_has_drift(self, obj: Any) -> bool:
        return bool(getattr(obj, "has_drift", False))

    def _sees_internals(self) -> bool:
        user = self.context["request"].user
        return bool(user.is_staff or user.is_support)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """The object, then what the marketplace knows of it."""
        data = super().to_representation(instance)
        if self.parent is None or self.parent.parent is None:
            if "_extra" not in self.context:
                self.context["_extra"] = extra_fields_of([instance])
            extra = self.context["_extra"].get(instance.pk, MARKETPLACE_FIELDS)
            wanted = set(self.context["request"].query_params.getlist("field"))
            data |= {name: value for name, value in extra.items() if not wanted or name in wanted}
        return data


class TenantObjectSerializer(ResourceSerializer):
    """The common fields of what lives in a tenant."""

    tenant = RelatedLinkField("openstack-tenant-detail", read_only=True)
    tenant_name = serializers.CharField(source="tenant.name", read_only=True)
    tenant_uuid = HexUUIDField(source="tenant.uuid", read_only=True)


class ManageableFilter(BooleanFilter):
    """`?can_manage=true`: only what the caller may change, not all that he sees."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return qs
        paths = {"project": Project, "project__customer": Customer}
        return qs.filter(where_permitted(self.parent.request.user, Permission.OPENSTACK_TENANT_MANAGE, paths))


class ResourceFilter(NamedFilterSet):
    """The filters every object in a cloud has (spec BF)."""

    customer = UUIDFilter(field_name="project__customer__uuid")
    customer_uuid = UUIDFilter(field_name="project__customer__uuid")
    customer_name = django_filters.CharFilter(field_name="project__customer__name", lookup_expr="icontains")
    customer_native_name = django_filters.CharFilter(
        field_name="project__customer__native_name", lookup_expr="icontains"
    )
    customer_abbreviation = django_filters.CharFilter(
        field_name="project__customer__abbreviation", lookup_expr="icontains"
    )
    project = UUIDFilter(field_name="project__uuid")
    project_uuid = UUIDFilter(field_name="project__uuid")
    project_name = django_filters.CharFilter(field_name="project__name", lookup_expr="icontains")
    service_settings_uuid = UUIDFilter(field_name="service_settings__uuid")
    service_settings_name = django_filters.CharFilter(field_name="service_settings__name", lookup_expr="icontains")
    state = MultiValueFilter(aliases=HISTORIC_NAMES)
    backend_id = django_filters.CharFilter()
    uuid = UUIDFilter()
    can_manage = ManageableFilter()


class TenantObjectFilter(ResourceFilter):
    tenant = LinkFilter()
    tenant_uuid = UUIDFilter(field_name="tenant__uuid")


def require_no_operation(obj: ServiceResource) -> None:
    """409 while an operation is at work: it would go on with a row that somebody has changed under its hands."""
    operation = Operation.objects.filter(subject_uuid=obj.uuid, state__in=Operation.LIVE).first()
    if operation:
        title = workflow_named(operation.workflow).title
        raise Conflict(f"{title} is at work on {obj}. Wait until it has ended, or cancel it.")


class ResourceViewSet(ReadOnlyViewSet):
    """Reads, and the actions by which staff put a row straight."""

    state_access: ClassVar = {"list": Visible(), "retrieve": Visible(), "set_ok": Staff(), "set_erred": Staff()}
    base_access: ClassVar = {**state_access, "unlink": Staff()}
    base_preconditions: ClassVar[Mapping[str, tuple[Precondition, ...]]] = {
        "set_ok": (require_no_operation,),
        "set_erred": (require_no_operation,),
        "unlink": (require_no_operation,),
    }
    not_offered: ClassVar[frozenset[str]] = frozenset()  # of the actions below
    access = base_access
    workflows: ClassVar[Mapping[str, Any] | None] = {}
    ordering_fields = {
        "name": "name",
        "state": "state",
        "created": "created",
        "customer_name": "project__customer__name",
        "customer_native_name": "project__customer__native_name",
        "customer_abbreviation": "project__customer__abbreviation",
        "project_name": "project__name",
        "service_name": "service_settings__name",
    }

    @classmethod
    def get_extra_actions(cls) -> list[Any]:
        return [item for item in super().get_extra_actions() if item.__name__ not in cls.not_offered]

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        super().check_object_permissions(request, obj)
        for condition in self.base_preconditions.get(self.action or "", ()):
            condition(obj)

    @extend_schema(request=None, responses=DetailSerializer)
    @action(detail=True, methods=["post"])
    def set_ok(self, request: Request, uuid: str) -> Response:
        """Declare the object healthy."""
        self.get_object().enter(CoreState.OK)
        return Response({"detail": "The state has been set to OK."})

    @extend_schema(request=ErredSerializer, responses=DetailSerializer)
    @action(detail=True, methods=["post"])
    def set_erred(self, request: Request, uuid: str) -> Response:
        """Declare the object broken."""
        serializer = ErredSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.get_object().enter(CoreState.ERRED, **serializer.validated_data)
        return Response({"detail": "The state has been set to ERRED."})

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, uuid: str) -> Response:
        """Forget the row with what hangs on it, and the quotas it counted; the cloud is not touched."""
        removal = Removal([self.get_object()])
        if operation := removal.operation():
            raise Conflict(f"{workflow_named(operation.workflow).title} is at work on {operation.subject_name} inside.")
        removal.carry_out()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def scheduled(self, operation: Any, detail: str) -> Response:
        """202 with the place where to follow the operation."""
        link = LinkField("operation-detail")
        link.bind("operation", serializers.Serializer(context=self.get_serializer_context()))
        body = {"status": detail, "detail": detail, "operation": link.to_representation(operation)}
        return Response(body, status=status.HTTP_202_ACCEPTED)


def related(queryset: QuerySet[Any], *paths: str) -> QuerySet[Any]:
    """The queryset with what the common fields need, and more."""
    if word_of(queryset.model):
        queryset = queryset.annotate(has_drift=Exists(Drift.objects.filter(object_uuid=OuterRef("uuid"))))
    return queryset.select_related(*BASE_RELATED, *paths)
