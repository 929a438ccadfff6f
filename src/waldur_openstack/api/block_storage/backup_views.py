"""Backups at their own address."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody
from waldur_core.permissions.strings import Permission
from waldur_openstack.api.base import related
from waldur_openstack.api.block_storage.backup_restore import BackupRestoreSerializer
from waldur_openstack.api.block_storage.backups import (
    BackupCreateSerializer,
    BackupFilter,
    BackupSerializer,
    BackupUpdateSerializer,
    connections,
)
from waldur_openstack.api.block_storage.shared import operated
from waldur_openstack.api.changing import CHANGEABLE, REMOVABLE, Creates, Deletes, Updates
from waldur_openstack.api.compute import InstanceSerializer
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.copies.conditions import require_complete, require_unused
from waldur_openstack.models import Backup
from waldur_openstack.workflows.block_storage import DeleteBackup
from waldur_openstack.workflows.pulling import PullBackup


class BackupViewSet(Creates, Updates, Deletes, Pulls):
    """Servers at a moment."""

    queryset = related(Backup.objects.all(), "tenant", "instance", "backup_schedule").prefetch_related(
        "snapshots",
        "restorations__instance",
        "restorations__flavor",
        *connections("instance"),
        *connections("restorations__instance"),
    )
    serializer_class = BackupSerializer
    workflows = {
        "create": "openstack.backup.create",
        "restore": "openstack.backup.restore",
    }
    filterset_class = BackupFilter
    request_serializers = {
        "create": BackupCreateSerializer,
        "update": BackupUpdateSerializer,
        "partial_update": BackupUpdateSerializer,
    }
    pull_workflow = PullBackup
    delete_workflow = DeleteBackup
    access = {
        **Pulls.base_access,
        "create": InBody(permission=Permission.OPENSTACK_INSTANCE_MANAGE, on="instance"),
        **operated("update", "partial_update", "destroy", "restore"),
    }
    preconditions = {
        "update": CHANGEABLE,
        "partial_update": CHANGEABLE,
        "destroy": (*REMOVABLE, require_unused),
        "restore": (*CHANGEABLE, require_complete),
    }

    @extend_schema(request=BackupRestoreSerializer, responses=InstanceSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, uuid: str) -> Response:
        """Build a new server from the backup."""
        serializer = BackupRestoreSerializer(data=request.data, context=self.context_of(self.get_object()))
        serializer.is_valid(raise_exception=True)
        instance: Any = serializer.save()
        return Response(InstanceSerializer(instance, context=self.get_serializer_context()).data)
