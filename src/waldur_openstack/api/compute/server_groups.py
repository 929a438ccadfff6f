"""Server groups: made and deleted, directly and by way of their tenant."""

from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.rest.errors import Conflict
from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import BASE_FIELDS, TenantObjectFilter, TenantObjectSerializer, related
from waldur_openstack.api.changing import IN_BODY, REMOVABLE, Creates, Deletes, managed
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.api.tenant_scope import InTenantSerializer
from waldur_openstack.models import Instance, ServerGroup, Tenant
from waldur_openstack.workflows.compute import CreateServerGroup, DeleteServerGroup
from waldur_openstack.workflows.pulling import PullServerGroup


class NestedInstanceSerializer(ModelSerializer):
    """A server as a member of something."""

    class Meta:
        model = Instance
        fields = ("backend_id", "name", "uuid")


class ServerGroupSerializer(TenantObjectSerializer):
    url = LinkField("openstack-server-group-detail")
    display_name = serializers.SerializerMethodField()
    instances = NestedInstanceSerializer(many=True, read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = ServerGroup
        fields = (*BASE_FIELDS, "tenant", "tenant_name", "tenant_uuid", "policy", "display_name", "instances")
        read_only_fields = fields

    def get_display_name(self, group: ServerGroup) -> str:
        return f"{group.name} ({group.policy})"


class ServerGroupCreateSerializer(InTenantSerializer):
    """A new group. Nova keeps no description: it stays here."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    policy = serializers.ChoiceField(
        choices=ServerGroup.Policy.choices, allow_blank=True, default=ServerGroup.Policy.AFFINITY
    )

    def validate_name(self, value: str) -> str:
        """Nobody else can take the name before this transaction has ended."""
        Tenant.objects.select_for_update(of=("self",)).get(pk=self.tenant.pk)
        if self.tenant.servergroups.filter(name=value).exists():
            raise ValidationError("A server group of this name exists in this tenant already. Choose another.")
        return value

    def validate_policy(self, value: str) -> str:
        return value or ServerGroup.Policy.AFFINITY

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> ServerGroup:
        """The row, and the operation that makes it real."""
        group = ServerGroup.objects.create(tenant=self.tenant, **validated)
        start(CreateServerGroup, group, user=self.user)
        return group


def require_empty(group: ServerGroup) -> None:
    """409 while a server is in the group."""
    if instance := group.instances.first():
        raise Conflict(f"Instance {instance} is in the server group. Delete it first.")


class ServerGroupFilter(TenantObjectFilter):
    class Meta:
        model = ServerGroup
        fields = ()


class ServerGroupViewSet(Creates, Deletes, Pulls):
    """Groups of servers that shall be together, or apart."""

    queryset = related(ServerGroup.objects.all(), "tenant").prefetch_related("instances")
    serializer_class = ServerGroupSerializer
    workflows = {
        "create": "openstack.server_group.create",
    }
    filterset_class = ServerGroupFilter
    pull_workflow = PullServerGroup
    request_serializers = {"create": ServerGroupCreateSerializer}
    delete_workflow = DeleteServerGroup
    access = {**Pulls.base_access, "create": IN_BODY, **managed("destroy")}
    preconditions = {"destroy": (*REMOVABLE, require_empty)}


class ServerGroupsOfTenant:
    """The action on a tenant that makes a server group."""

    server_group_access: ClassVar = managed("create_server_group")
    server_group_preconditions: ClassVar = {"create_server_group": (require_state(CoreState.OK),)}

    @extend_schema(request=ServerGroupCreateSerializer, responses={201: ServerGroupSerializer})
    @action(detail=True, methods=["post"])
    def create_server_group(self: Any, request: Request, uuid: str) -> Response:
        """Create a server group in the tenant."""
        context = self.context_of(self.get_object())
        serializer = ServerGroupCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        group = serializer.save()
        return Response(ServerGroupSerializer(group, context=context).data, status=status.HTTP_201_CREATED)
