"""What a cloud has in a tenant's project right now, known here or not."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Visible
from waldur_core.structure.states import CoreState
from waldur_openstack.api.asking import asking
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.sync.compute import server_columns

MIB_PER_GIB = 1024


class BackendInstanceSerializer(serializers.Serializer[Any]):
    """A server of the cloud. `state` is OK unless the cloud calls it broken."""

    name = serializers.CharField()
    state = serializers.ChoiceField(choices=CoreState.choices)
    created = serializers.DateTimeField()
    availability_zone = serializers.CharField()
    key_name = serializers.CharField()
    start_time = serializers.DateTimeField(allow_null=True)
    runtime_state = serializers.CharField()
    backend_id = serializers.CharField()
    hypervisor_hostname = serializers.CharField(help_text="For staff and support.")


class BackendVolumeSerializer(serializers.Serializer[Any]):
    """A volume of the cloud; size in MiB, metadata as JSON text."""

    name = serializers.CharField()
    size = serializers.IntegerField()
    type = serializers.CharField()
    state = serializers.ChoiceField(choices=CoreState.choices)
    availability_zone = serializers.CharField()
    description = serializers.CharField()
    metadata = serializers.CharField()
    backend_id = serializers.CharField()
    bootable = serializers.BooleanField()
    runtime_state = serializers.CharField()


class BackendOfTenant:
    """The actions on a tenant that list what the cloud has."""

    backend_access = {"backend_instances": Visible(), "backend_volumes": Visible()}

    @extend_schema(responses=BackendInstanceSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def backend_instances(self: Any, request: Request, uuid: str) -> Response:
        """The servers in the cloud, fresh from there."""
        tenant: Tenant = self.get_object()
        if not tenant.backend_id:
            return Response([])
        with asking(tenant) as cloud:
            servers = cloud.compute.servers()
        user: Any = request.user
        sees_hosts = user.is_staff or user.is_support
        rows = [as_instance(server, sees_hosts) for server in servers]
        return Response(BackendInstanceSerializer(rows, many=True).data)

    @extend_schema(responses=BackendVolumeSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def backend_volumes(self: Any, request: Request, uuid: str) -> Response:
        """The volumes in the cloud, fresh from there."""
        tenant: Tenant = self.get_object()
        if not tenant.backend_id:
            return Response([])
        with asking(tenant) as cloud:
            volumes = cloud.block_storage.volumes()
        return Response(BackendVolumeSerializer([as_volume(volume) for volume in volumes], many=True).data)


def as_instance(server: JSON, sees_hosts: bool) -> dict[str, Any]:
    columns = server_columns(server)
    host = columns["hypervisor_hostname"] if sees_hosts else ""
    return {
        **columns,
        "name": server["name"],
        "state": CoreState.ERRED if server["status"] == "ERROR" else CoreState.OK,
        "created": server["created"],
        "availability_zone": server.get("OS-EXT-AZ:availability_zone") or "",
        "backend_id": server["id"],
        "hypervisor_hostname": host,
    }


def as_volume(volume: JSON) -> dict[str, Any]:
    return {
        "name": volume["name"] or "",
        "size": volume["size"] * MIB_PER_GIB,
        "type": volume.get("volume_type") or "",
        "state": CoreState.ERRED if volume["status"].startswith("error") else CoreState.OK,
        "availability_zone": volume.get("availability_zone") or "",
        "description": volume.get("description") or "",
        "metadata": json.dumps(volume["metadata"]),
        "backend_id": volume["id"],
        "bootable": volume["bootable"] == "true",
        "runtime_state": volume["status"],
    }
