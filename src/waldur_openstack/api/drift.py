"""`/api/openstack-drifts/`: what users declared and clouds have otherwise; adopt or revert, one aspect at a time."""

from typing import Any

import django_filters
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Visible
from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_openstack.api.base import StatusSerializer
from waldur_openstack.api.changing import managed
from waldur_openstack.api.tenant_scope import require_tenant
from waldur_openstack.drift.aspects import ASPECTS
from waldur_openstack.drift.deciding import adopt, revert
from waldur_openstack.drift.reverting import WORKFLOWS, reverter_of
from waldur_openstack.models import Drift


class DriftSerializer(ModelSerializer):
    """`declared` and `observed` say the same aspect; `object` is null once the object's row has gone, too."""

    url = LinkField("openstack-drift-detail")
    tenant = RelatedLinkField("openstack-tenant-detail", read_only=True)
    tenant_uuid = HexUUIDField(source="tenant.uuid", read_only=True)
    tenant_name = serializers.CharField(source="tenant.name", read_only=True)
    project_uuid = HexUUIDField(source="project.uuid", read_only=True)
    project_name = serializers.CharField(source="project.name", read_only=True)
    customer_uuid = HexUUIDField(source="project.customer.uuid", read_only=True)
    customer_name = serializers.CharField(source="project.customer.name", read_only=True)
    object = serializers.SerializerMethodField()
    object_uuid = HexUUIDField(read_only=True)
    declared = serializers.JSONField(read_only=True, allow_null=True)
    observed = serializers.JSONField(read_only=True, allow_null=True)
    can_be_reverted = serializers.SerializerMethodField(help_text="Whether revert exists for this aspect.")

    class Meta:
        model = Drift
        fields = (
            "url", "uuid", "kind", "field", "declared", "observed", "state", "error_message", "can_be_reverted",
            "object", "object_uuid", "object_name", "backend_id", "tenant", "tenant_uuid", "tenant_name",
            "project_uuid", "project_name", "customer_uuid", "customer_name", "created", "modified",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema(responses=serializers.URLField(allow_null=True))
    def get_object(self, drift: Drift) -> str | None:
        if drift.object_id is None:
            return None
        path = reverse(f"openstack-{drift.kind.replace('_', '-')}-detail", args=[drift.object_uuid.hex])
        return str(self.context["request"].build_absolute_uri(path))

    def get_can_be_reverted(self, drift: Drift) -> bool:
        return drift.object_id is not None and reverter_of(drift.kind, drift.field) is not None


class DriftFilter(django_filters.FilterSet):
    tenant = LinkFilter()
    tenant_uuid = UUIDFilter(field_name="tenant__uuid")
    project_uuid = UUIDFilter(field_name="project__uuid")
    customer_uuid = UUIDFilter(field_name="project__customer__uuid")
    service_settings_uuid = UUIDFilter(field_name="tenant__service_settings__uuid")
    object_uuid = UUIDFilter()
    kind = django_filters.MultipleChoiceFilter(choices=[(word, word) for word in ASPECTS])
    field_name = django_filters.CharFilter(field_name="field")
    state = django_filters.MultipleChoiceFilter(choices=Drift.State.choices)


class DriftViewSet(ReadOnlyViewSet):
    """Where the cloud differs from what was declared. The objects themselves show what is observed."""

    queryset = Drift.objects.select_related("tenant", "project__customer")
    serializer_class = DriftSerializer
    filterset_class = DriftFilter
    ordering_fields = {"created": "created", "kind": "kind", "object_name": "object_name"}
    access = {"list": Visible(), "retrieve": Visible(), **managed("adopt", "revert")}
    preconditions = {"revert": (require_tenant,)}
    workflows = {"revert": tuple(workflow.name for workflow in WORKFLOWS)}

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, uuid: str) -> Response:
        """Take what the cloud has as declared: the drift goes."""
        adopt(self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def revert(self, request: Request, uuid: str) -> Response:
        """Have the cloud say again what was declared. 409 with the reason where that is impossible."""
        operation: Any = revert(self.get_object(), user=request.user)
        link = request.build_absolute_uri(reverse("operation-detail", args=[operation.uuid.hex]))
        detail = "revert was scheduled"
        return Response({"status": detail, "detail": detail, "operation": link}, status=status.HTTP_202_ACCEPTED)
