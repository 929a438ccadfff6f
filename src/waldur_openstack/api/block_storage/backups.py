"""Backups as they are shown and asked for, and the action on a server that makes one."""

from typing import Any, ClassVar

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import BASE_FIELDS, TenantObjectFilter, TenantObjectSerializer
from waldur_openstack.api.block_storage.shared import ResourceUUIDField, SourceSerializer, operated, saved
from waldur_openstack.api.network import NestedFloatingIPSerializer, NestedPortSerializer
from waldur_openstack.api.security import NestedSecurityGroupSerializer
from waldur_openstack.api.tenant_scope import UpdateSerializer, require_tenant
from waldur_openstack.copies.conditions import require_volumes_copyable
from waldur_openstack.copies.taking import take_backup
from waldur_openstack.models import Backup, BackupRestoration, Instance, Port, SecurityGroupRule, Snapshot


def connections(instance: str) -> list[Any]:
    """What to prefetch to show ports, groups and addresses of the servers at the path `instance`."""
    rules = SecurityGroupRule.objects.select_related("remote_group")
    return [
        Prefetch(f"{instance}__ports", Port.objects.select_related("subnet")),
        f"{instance}__ports__floating_ips",
        f"{instance}__ports__security_groups",
        f"{instance}__security_groups",
        Prefetch(f"{instance}__ports__security_groups__rules", rules),
        Prefetch(f"{instance}__security_groups__rules", rules),
    ]


class BackupRestorationSerializer(ModelSerializer):
    """A server that was built from the backup."""

    instance = RelatedLinkField("openstack-instance-detail", read_only=True)
    flavor = RelatedLinkField("openstack-flavor-detail", read_only=True)
    name = serializers.CharField(source="instance.name", read_only=True)
    floating_ips = NestedFloatingIPSerializer(source="instance.floating_ips", many=True, read_only=True)
    security_groups = NestedSecurityGroupSerializer(source="instance.security_groups", many=True, read_only=True)
    ports = NestedPortSerializer(source="instance.ports", many=True, read_only=True)

    class Meta:
        model = BackupRestoration
        fields = ("uuid", "instance", "created", "flavor", "name", "floating_ips", "security_groups", "ports")


class BackupSnapshotSerializer(ModelSerializer):
    """One volume's part."""

    url = LinkField("openstack-snapshot-detail")

    class Meta:
        model = Snapshot
        fields = ("url", "uuid", "name", "state", "size", "bootable")


class BackupSerializer(TenantObjectSerializer):
    url = LinkField("openstack-backup-detail")
    instance = RelatedLinkField("openstack-instance-detail", read_only=True)
    instance_name = serializers.CharField(source="instance.name", read_only=True, default="")
    instance_marketplace_uuid = ResourceUUIDField(source="instance")
    instance_security_groups = NestedSecurityGroupSerializer(
        source="instance.security_groups", many=True, read_only=True, default=list
    )
    instance_ports = NestedPortSerializer(source="instance.ports", many=True, read_only=True, default=list)
    instance_floating_ips = NestedFloatingIPSerializer(
        source="instance.floating_ips", many=True, read_only=True, default=list
    )
    restorations = BackupRestorationSerializer(many=True, read_only=True)
    snapshots = BackupSnapshotSerializer(many=True, read_only=True)
    backup_schedule = RelatedLinkField("openstack-backup-schedule-detail", read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = Backup
        fields = (
            *BASE_FIELDS, "kept_until", "metadata", "instance", "instance_name", "instance_marketplace_uuid",
            "restorations", "instance_security_groups", "instance_ports", "instance_floating_ips", "snapshots",
            "backup_schedule", "tenant", "tenant_name", "tenant_uuid",
        )  # fmt: skip
        read_only_fields = fields


class BackupCreateSerializer(SourceSerializer):
    """A new backup of a server."""

    source_key = "instance"
    sources = Instance.objects.all()
    conditions = (require_state(CoreState.OK), require_volumes_copyable)

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    kept_until = serializers.DateTimeField(allow_null=True, default=None, help_text="When to delete it; null: never.")

    def create(self, validated: dict[str, Any]) -> Backup:
        return take_backup(self.object, user=self.user, **validated)


class BackupUpdateSerializer(UpdateSerializer):
    """What is not named stays. No cloud knows of backups."""

    local = frozenset({"name", "description", "kept_until"})

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    kept_until = serializers.DateTimeField(allow_null=True, required=False)


class BackupFilter(TenantObjectFilter):
    instance = LinkFilter()
    instance_uuid = UUIDFilter(field_name="instance__uuid")
    backup_schedule = LinkFilter()
    backup_schedule_uuid = UUIDFilter(field_name="backup_schedule__uuid")

    class Meta:
        model = Backup
        fields = ()


class BackupsOfInstance:
    """The action on a server that makes a backup."""

    backup_access: ClassVar = operated("backup")
    backup_preconditions: ClassVar = {"backup": (require_tenant, *BackupCreateSerializer.conditions)}

    @extend_schema(request=BackupCreateSerializer, responses=BackupSerializer)
    @action(detail=True, methods=["post"])
    def backup(self: Any, request: Request, uuid: str) -> Response:
        """Make a backup: a snapshot of each volume of the instance, running or not."""
        backup = saved(self, BackupCreateSerializer)
        return Response(BackupSerializer(backup, context=self.get_serializer_context()).data)
