"""Servers as they are shown."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.permissions.checks import has_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_openstack.api.base import BASE_FIELDS, TenantObjectSerializer
from waldur_openstack.api.block_storage import NestedVolumeSerializer
from waldur_openstack.api.network import NestedFloatingIPSerializer, NestedPortSerializer
from waldur_openstack.api.security import NestedSecurityGroupSerializer
from waldur_openstack.marks import METADATA_KEY
from waldur_openstack.models import Instance, ServerGroup


class NestedServerGroupSerializer(ModelSerializer):
    url = LinkField("openstack-server-group-detail")

    class Meta:
        model = ServerGroup
        fields = ("url", "name", "policy", "state")


class InstanceSerializer(TenantObjectSerializer):
    url = LinkField("openstack-instance-detail")
    volumes = NestedVolumeSerializer(many=True, read_only=True)
    ports = NestedPortSerializer(many=True, read_only=True)
    security_groups = NestedSecurityGroupSerializer(many=True, read_only=True)
    floating_ips = NestedFloatingIPSerializer(many=True, read_only=True)
    server_group = NestedServerGroupSerializer(read_only=True)
    external_ips = serializers.SerializerMethodField()
    external_address = serializers.SerializerMethodField()
    internal_ips = serializers.SerializerMethodField()
    latitude = serializers.SerializerMethodField()
    longitude = serializers.SerializerMethodField()
    availability_zone = RelatedLinkField("openstack-instance-availability-zone-detail", read_only=True)
    availability_zone_name = serializers.CharField(source="availability_zone.name", read_only=True, default=None)
    hypervisor_hostname = serializers.SerializerMethodField()
    access_url = serializers.SerializerMethodField()
    metadata = serializers.SerializerMethodField()
    rancher_cluster = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = Instance
        fields = (
            *BASE_FIELDS, "start_time", "cores", "ram", "disk", "min_ram", "min_disk", "user_data", "external_ips",
            "internal_ips", "latitude", "longitude", "key_name", "key_fingerprint", "image_name", "flavor_disk",
            "flavor_name", "volumes", "security_groups", "server_group", "floating_ips", "ports", "availability_zone",
            "availability_zone_name", "connect_directly_to_external_network", "config_drive", "runtime_state", "action",
            "action_details", "tenant_uuid", "hypervisor_hostname", "tenant", "external_address", "metadata",
            "rancher_cluster",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Instance) -> dict[str, Any]:
        data = super().to_representation(instance)
        if data.get("server_group", "") is None:
            del data["server_group"]  # clients cannot parse a null here
        if data.get("user_data") and not self._may_see_user_data(instance):
            data["user_data"] = ""
        return data

    def _may_see_user_data(self, instance: Instance) -> bool:
        """Decided once per project, not once per server."""
        known = cast(dict[str, Any], self.context).setdefault("_managed_projects", {})
        if instance.project_id not in known:
            scopes = [instance.project, instance.project.customer]
            user = self.context["request"].user
            known[instance.project_id] = has_permission(user, Permission.OPENSTACK_INSTANCE_MANAGE, scopes)
        return bool(known[instance.project_id])

    def get_external_ips(self, instance: Instance) -> list[str]:
        return instance.external_ips

    def get_external_address(self, instance: Instance) -> list[str]:
        return [address.external_address for address in instance.floating_ips if address.external_address]

    def get_internal_ips(self, instance: Instance) -> list[str]:
        return instance.internal_ips

    def get_latitude(self, instance: Instance) -> float | None:
        return instance.service_settings.options.get("latitude")

    def get_longitude(self, instance: Instance) -> float | None:
        return instance.service_settings.options.get("longitude")

    def get_hypervisor_hostname(self, instance: Instance) -> str:
        return instance.hypervisor_hostname if self._sees_internals() else ""

    def get_access_url(self, instance: Any) -> list[str]:
        return self.get_external_ips(instance)

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_metadata(self, instance: Instance) -> dict[str, str]:
        """The user's entries, without the mark by which we know the server."""
        return {key: value for key, value in instance.metadata.items() if key != METADATA_KEY}

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_rancher_cluster(self, instance: Instance) -> None:
        """Published clients ask for it; there are no such clusters here."""
        return
