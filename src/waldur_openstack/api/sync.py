"""What came of the looks at clouds, and whether the clouds answer."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import BooleanFilter, LinkFilter, MomentFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import CloudSync, SyncRun
from waldur_openstack.sync.plans import ask_for, tasks

READ = {"list": Visible(), "retrieve": Visible()}


class SyncRunSerializer(ModelSerializer):
    url = LinkField("sync-run-detail")
    service_settings = RelatedLinkField("servicesettings-detail", read_only=True)
    service_settings_uuid = HexUUIDField(source="service_settings.uuid", read_only=True)
    service_settings_name = serializers.CharField(source="service_settings.name", read_only=True)
    tenant = RelatedLinkField("openstack-tenant-detail", read_only=True, help_text="Null: the whole cloud.")
    tenant_uuid = HexUUIDField(source="tenant.uuid", read_only=True, default=None)
    tenant_name = serializers.CharField(source="tenant.name", read_only=True, default="")
    user_uuid = HexUUIDField(source="user.uuid", read_only=True, default=None)
    user_username = serializers.CharField(source="user.username", read_only=True, default="")
    seconds = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = SyncRun
        fields = (
            "url", "uuid", "created", "service_settings", "service_settings_uuid", "service_settings_name", "tenant",
            "tenant_uuid", "tenant_name", "user_uuid", "user_username", "task", "state", "started", "ended", "seconds",
            "cloud_calls", "rows_seen", "rows_changed", "rows_missing", "rows_new", "details", "error",
        )  # fmt: skip
        read_only_fields = fields


class SyncRunRequestSerializer(serializers.Serializer[Any]):
    """Which cloud to look at, and how closely."""

    service_settings = RelatedLinkField(
        "servicesettings-detail", queryset=ServiceSettings.objects.filter(type="OpenStack")
    )
    task = serializers.ChoiceField(
        choices=tasks(),
        default="pull_everything",
        error_messages={"invalid_choice": f"There is no such task. There are: {', '.join(sorted(tasks()))}."},
    )


class SyncRunFilter(django_filters.FilterSet):
    service_settings = LinkFilter()
    service_settings_uuid = UUIDFilter(field_name="service_settings__uuid")
    tenant = LinkFilter()
    tenant_uuid = UUIDFilter(field_name="tenant__uuid")
    task = MultiValueFilter(field_name="task")
    state = django_filters.MultipleChoiceFilter(choices=SyncRun.State.choices)
    is_quiet = BooleanFilter(method="keep_quiet", help_text="Whether nothing was found to differ.")
    created = MomentFilter(lookup_expr="gte")
    created_before = MomentFilter(field_name="created", lookup_expr="lte")

    class Meta:
        model = SyncRun
        fields = ()

    def keep_quiet(self, queryset: Any, name: str, value: bool) -> Any:
        quiet = {"rows_changed": 0, "rows_missing": 0, "rows_new": 0, "error": ""}
        return queryset.filter(**quiet) if value else queryset.exclude(**quiet)


class SyncRunViewSet(ReadOnlyViewSet):
    """Looks at the clouds of providers one has a role on, and at one's own tenants."""

    queryset = SyncRun.objects.select_related("service_settings", "tenant", "user")
    serializer_class = SyncRunSerializer
    filterset_class = SyncRunFilter
    ordering_fields = {"created": "created", "started": "started", "ended": "ended", "task": "task"}
    access = {
        **READ,
        "create": InBody(permission=Permission.OFFERING_UPDATE_INTEGRATION, on="customer of the service settings"),
    }

    @extend_schema(request=SyncRunRequestSerializer, responses={201: SyncRunSerializer})
    def create(self, request: Request) -> Response:
        """Look at a cloud as soon as a worker is free. 409 while one that was asked for has not begun."""
        serializer = SyncRunRequestSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        service_settings, task = serializer.validated_data["service_settings"], serializer.validated_data["task"]
        require_permission(request.user, Permission.OFFERING_UPDATE_INTEGRATION, [service_settings.customer])
        waiting = {"service_settings": service_settings, "task": task, "state": SyncRun.State.SCHEDULED}
        if SyncRun.objects.filter(**waiting).exists():
            raise Conflict(f"{task} of {service_settings} has been asked for already and will begin soon.")
        run = ask_for(service_settings, task, request.user)
        return Response(self.get_serializer(run).data, status=status.HTTP_201_CREATED)


class HeardSerializer(serializers.Serializer[Any]):
    """More of it is at `/api/openstack-notification-listeners/`."""

    listeners = serializers.IntegerField(help_text="Processes that are connected.")
    last_message = serializers.DateTimeField(allow_null=True)


class CloudSyncSerializer(ModelSerializer):
    url = LinkField("sync-state-detail")
    service_settings = RelatedLinkField("servicesettings-detail", read_only=True)
    service_settings_uuid = HexUUIDField(source="service_settings.uuid", read_only=True)
    service_settings_name = serializers.CharField(source="service_settings.name", read_only=True)
    is_running = serializers.BooleanField(read_only=True, help_text="Whether a worker is looking at it now.")
    breaker = serializers.ChoiceField(choices=CloudSync.Breaker.choices, read_only=True)
    notifications = serializers.SerializerMethodField(help_text="Whether the cloud's notifications are being read.")

    class Meta:
        model = CloudSync
        fields = (
            "url", "uuid", "service_settings", "service_settings_uuid", "service_settings_name", "is_running",
            "breaker", "failures", "open_since", "reason", "next_try", "notifications",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(HeardSerializer)
    def get_notifications(self, sync: CloudSync) -> dict[str, Any]:
        listeners = list(sync.service_settings.notification_listeners.all())
        last = max((one.last_message for one in listeners if one.last_message), default=None)
        return {"listeners": sum(one.is_connected for one in listeners), "last_message": last}


class CloudSyncFilter(django_filters.FilterSet):
    service_settings = LinkFilter()
    service_settings_uuid = UUIDFilter(field_name="service_settings__uuid")

    class Meta:
        model = CloudSync
        fields = ()


class CloudSyncViewSet(ReadOnlyViewSet):
    """Whether clouds answer: the circuit breaker of each, closed, open or half-open, and why."""

    queryset = CloudSync.objects.select_related("service_settings").prefetch_related(
        "service_settings__notification_listeners"
    )
    serializer_class = CloudSyncSerializer
    filterset_class = CloudSyncFilter
    ordering_fields = {"name": "service_settings__name"}
    access = READ
