"""`/api/openstack-notification-listeners/`: whether the notifications of clouds are being read, and how that fares."""

import django_filters
from rest_framework import serializers

from waldur_core.permissions.access import Visible
from waldur_core.rest.filters import UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_openstack.models import NotificationListener


class NotificationListenerSerializer(ModelSerializer):
    """The counters count from the start of the process."""

    url = LinkField("openstack-notification-listener-detail")
    service_settings = RelatedLinkField("servicesettings-detail", read_only=True)
    service_settings_uuid = HexUUIDField(source="service_settings.uuid", read_only=True)
    service_settings_name = serializers.CharField(source="service_settings.name", read_only=True)
    connected = serializers.BooleanField(source="is_connected", read_only=True)

    class Meta:
        model = NotificationListener
        fields = (
            "url", "uuid", "service_settings", "service_settings_uuid", "service_settings_name", "name", "connected",
            "connected_since", "seen", "last_message", "exchanges", "error_message", *NotificationListener.COUNTERS,
        )  # fmt: skip
        read_only_fields = fields


class NotificationListenerFilter(django_filters.FilterSet):
    service_settings_uuid = UUIDFilter(field_name="service_settings__uuid")


class NotificationListenerViewSet(ReadOnlyViewSet):
    """One per process and cloud; for staff, support and the providers of the clouds."""

    queryset = NotificationListener.objects.select_related("service_settings")
    serializer_class = NotificationListenerSerializer
    filterset_class = NotificationListenerFilter
    ordering_fields = {"name": "name", "last_message": "last_message"}
    access = {"list": Visible(), "retrieve": Visible()}
