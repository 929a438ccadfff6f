"""Snapshots at their own address."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody, Visible
from waldur_core.permissions.strings import Permission
from waldur_openstack.api.base import ResourceViewSet, related
from waldur_openstack.api.block_storage.shared import operated, saved
from waldur_openstack.api.block_storage.snapshots import (
    SnapshotCreateSerializer,
    SnapshotFilter,
    SnapshotRestorationSerializer,
    SnapshotRestoreSerializer,
    SnapshotSerializer,
    SnapshotUpdateSerializer,
)
from waldur_openstack.api.block_storage.volumes import VolumeSerializer
from waldur_openstack.api.changing import CHANGEABLE, REMOVABLE, Creates, Deletes, Updates
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.copies.conditions import require_unbound
from waldur_openstack.models import Snapshot
from waldur_openstack.workflows.block_storage import DeleteSnapshot
from waldur_openstack.workflows.pulling import PullSnapshot


class SnapshotViewSet(Creates, Updates, Deletes, Pulls):
    """Contents of volumes at a moment."""

    queryset = related(
        Snapshot.objects.all(), "tenant", "source_volume__availability_zone", "type", "snapshot_schedule"
    ).prefetch_related("restorations__volume", "backups")
    serializer_class = SnapshotSerializer
    workflows = {
        "create": "openstack.snapshot.create",
        "restore": "openstack.volume.create",
    }
    filterset_class = SnapshotFilter
    request_serializers = {
        "create": SnapshotCreateSerializer,
        "update": SnapshotUpdateSerializer,
        "partial_update": SnapshotUpdateSerializer,
    }
    pull_workflow = PullSnapshot
    delete_workflow = DeleteSnapshot
    ordering_fields = {
        **ResourceViewSet.ordering_fields,
        "source_volume_name": "source_volume__name",
        "size": "size",
    }
    access = {
        **Pulls.base_access,
        "create": InBody(permission=Permission.OPENSTACK_INSTANCE_MANAGE, on="source_volume"),
        **operated("update", "partial_update", "destroy", "restore"),
        "restorations": Visible(),
    }
    preconditions = {
        "update": CHANGEABLE,
        "partial_update": CHANGEABLE,
        "destroy": (*REMOVABLE, require_unbound),
        "restore": CHANGEABLE,
    }

    @extend_schema(request=SnapshotRestoreSerializer, responses=VolumeSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, uuid: str) -> Response:
        """Make a new volume from the snapshot, as large and of the same type."""
        volume = saved(self, SnapshotRestoreSerializer)
        return Response(VolumeSerializer(volume, context=self.get_serializer_context()).data)

    @extend_schema(responses=SnapshotRestorationSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None)
    def restorations(self, request: Request, uuid: str) -> Response:
        """The volumes that were made from the snapshot."""
        page = self.paginate_queryset(self.get_object().restorations.select_related("volume"))
        context = self.get_serializer_context()
        return self.get_paginated_response(SnapshotRestorationSerializer(page, many=True, context=context).data)
