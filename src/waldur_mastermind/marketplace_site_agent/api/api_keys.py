"""`/api/marketplace-resource-api-keys/`: keys that agents make for what runs in their resources."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import BooleanFilter, MomentFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, ModelSerializer, RelatedUUIDField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_site_agent.api.access import agent
from waldur_mastermind.marketplace_site_agent.models import ResourceApiKey

REPORT = Permission.RESOURCE_SET_BACKEND_METADATA  # keys are told by whoever tells the other credentials
OF_RESOURCE = ("resource.project", "resource.project.customer", "resource.offering", "resource.offering.customer")
State = ResourceApiKey.State


class ResourceApiKeySerializer(ModelSerializer):
    """All but the key itself. A key belongs to its resource: it has no user, limits or wishes of its own."""

    resource_uuid = HexUUIDField(source="resource.uuid", read_only=True)
    resource_backend_id = serializers.CharField(source="resource.backend_id", read_only=True)
    user_uuid = HexUUIDField(read_only=True, allow_null=True, default=None)
    user_full_name = serializers.CharField(read_only=True, allow_null=True, default=None)
    limits = serializers.DictField(read_only=True, allow_null=True, default=None)
    allowed_models = serializers.ListField(read_only=True, allow_null=True, default=None)
    current_usages = serializers.DictField(read_only=True, allow_null=True, default=None)
    usage_period = serializers.DateField(read_only=True, allow_null=True, default=None)
    paused_by_limit = serializers.BooleanField(read_only=True, allow_null=True, default=None)
    pending_action = serializers.CharField(read_only=True, default="")

    class Meta:
        model = ResourceApiKey
        fields: tuple[str, ...] = (
            "uuid", "resource_uuid", "resource_backend_id", "client_id", "state", "issued_at", "error_message",
            "modified", "user_uuid", "user_full_name", "limits", "allowed_models", "current_usages", "usage_period",
            "paused_by_limit", "pending_action",
        )  # fmt: skip
        read_only_fields = fields


class RevealedApiKeySerializer(ResourceApiKeySerializer):
    class Meta(ResourceApiKeySerializer.Meta):
        fields = (*ResourceApiKeySerializer.Meta.fields, "api_key")
        read_only_fields = fields


class CreatedApiKeySerializer(serializers.Serializer[Any]):
    resource = RelatedUUIDField(queryset=Resource.objects.select_related("offering__customer"))
    client_id = serializers.CharField(max_length=255)
    api_key = serializers.CharField(max_length=10_000)


class ApiKeyValueSerializer(serializers.Serializer[Any]):
    api_key = serializers.CharField(max_length=10_000)
    client_id = serializers.CharField(max_length=255, required=False)


class ApiKeyErrorSerializer(serializers.Serializer[Any]):
    error_message = serializers.CharField(allow_blank=True, max_length=10_000)


class ResourceApiKeyFilter(django_filters.FilterSet):
    resource_uuid = UUIDFilter(field_name="resource__uuid")
    offering_uuid = UUIDFilter(field_name="resource__offering__uuid")
    state = MultiValueFilter()
    modified_before = MomentFilter(field_name="modified", lookup_expr="lte")
    has_pending_action = BooleanFilter(method="wishing")

    class Meta:
        model = ResourceApiKey
        fields = ()

    def wishing(self, queryset: QuerySet[ResourceApiKey], name: str, value: bool) -> QuerySet[ResourceApiKey]:
        """Nothing is wished of keys here: whoever asks for those that wait for the agent gets none."""
        return queryset.none() if value else queryset


class ResourceApiKeyViewSet(ReadOnlyViewSet):
    """The keys of your resources, and of the resources of your offerings."""

    queryset = ResourceApiKey.objects.select_related("resource__project__customer", "resource__offering__customer")
    serializer_class = ResourceApiKeySerializer
    filterset_class = ResourceApiKeyFilter
    ordering_fields = {"created": "created", "modified": "modified", "client_id": "client_id"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "reveal": Holder(permission=Permission.RESOURCE_SEE_CREDENTIALS, on=OF_RESOURCE),
        "report_created": InBody(permission=REPORT, on="the offering of the resource"),
        "set_key": agent("resource.offering", REPORT),
        "set_erred": agent("resource.offering", REPORT),
    }

    @extend_schema(responses=RevealedApiKeySerializer)
    @action(detail=True)
    def reveal(self, request: Request, uuid: str) -> Response:
        """With the key itself; that it was looked at is recorded."""
        key = self.get_object()
        text = f"The API key {key} of {key.resource} has been looked at."
        record("resource_api_key_revealed", text, scope=key.resource, actor=request.user)
        return Response(RevealedApiKeySerializer(key, context=self.get_serializer_context()).data)

    @extend_schema(request=CreatedApiKeySerializer, responses={201: ResourceApiKeySerializer})
    @action(detail=False, methods=["post"])
    def report_created(self, request: Request) -> Response:
        """The agent has made a key; told again (its answer was lost), the key of this `client_id` is replaced."""
        data = read(CreatedApiKeySerializer(data=request.data, context=self.get_serializer_context()))
        resource = data["resource"]
        require_permission(request.user, REPORT, [resource.offering, resource.offering.customer])
        if resource.state not in Resource.ALIVE:
            raise Conflict(f"The resource is {resource.state}: it has no keys any more.")
        value = {"api_key": data["api_key"], "state": State.OK, "issued_at": timezone.now(), "error_message": ""}
        key, _ = ResourceApiKey.objects.update_or_create(resource=resource, client_id=data["client_id"], defaults=value)
        return Response(self.get_serializer(key).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ApiKeyValueSerializer, responses=ResourceApiKeySerializer)
    @action(detail=True, methods=["post"])
    def set_key(self, request: Request, uuid: str) -> Response:
        """The agent has replaced the key by this one."""
        key, data = self.get_object(), read(ApiKeyValueSerializer(data=request.data))
        taken = ResourceApiKey.objects.filter(resource=key.resource, client_id=data.get("client_id", key.client_id))
        if taken.exclude(pk=key.pk).exists():
            raise serializers.ValidationError({"client_id": ["The resource has a key of this client_id already."]})
        return self._enter(key, State.OK, issued_at=timezone.now(), error_message="", **data)

    @extend_schema(request=ApiKeyErrorSerializer, responses=ResourceApiKeySerializer)
    @action(detail=True, methods=["post"])
    def set_erred(self, request: Request, uuid: str) -> Response:
        """The agent could not apply the key, and why."""
        return self._enter(self.get_object(), State.ERRED, **read(ApiKeyErrorSerializer(data=request.data)))

    def _enter(self, key: ResourceApiKey, state: str, **columns: Any) -> Response:
        key.enter(state, **columns)
        return Response(self.get_serializer(key).data)
