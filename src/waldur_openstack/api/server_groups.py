"""Server groups."""

from rest_framework import serializers

from waldur_core.rest.serializers import LinkField
from waldur_openstack.api.base import BASE_FIELDS, TenantObjectFilter, TenantObjectSerializer, related
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.models import ServerGroup
from waldur_openstack.workflows.pulling import PullServerGroup


class ServerGroupSerializer(TenantObjectSerializer):
    url = LinkField("openstack-server-group-detail")
    display_name = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = ServerGroup
        fields = (*BASE_FIELDS, "tenant", "tenant_name", "tenant_uuid", "policy", "display_name")
        read_only_fields = fields

    def get_display_name(self, group: ServerGroup) -> str:
        return f"{group.name} ({group.policy})"


class ServerGroupFilter(TenantObjectFilter):
    class Meta:
        model = ServerGroup
        fields = ()


class ServerGroupViewSet(Pulls):
    """Groups of servers that shall be together, or apart."""

    queryset = related(ServerGroup.objects.all(), "tenant")
    serializer_class = ServerGroupSerializer
    filterset_class = ServerGroupFilter
    pull_workflow = PullServerGroup
