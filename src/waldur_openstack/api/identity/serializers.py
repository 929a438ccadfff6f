"""Tenants as they are shown."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from waldur_core.permissions.checks import has_permission
from waldur_core.permissions.strings import Permission
from waldur_core.quotas import counters
from waldur_core.quotas.models import Quota
from waldur_core.rest.serializers import LinkField
from waldur_openstack.api.base import BASE_FIELDS, ResourceListSerializer, ResourceSerializer
from waldur_openstack.api.network import named_external_network
from waldur_openstack.models import Tenant


class QuotaSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    usage = serializers.IntegerField()
    limit = serializers.IntegerField()


class TenantListSerializer(ResourceListSerializer):
    """Fetches the quotas of the page in one go."""

    def to_representation(self, data: Any) -> Any:
        tenants = list(data.all() if hasattr(data, "all") else data)
        child: Any = self.child
        if "quotas" in child.fields:
            child.context["_quotas"] = counters.quotas_by_pk(Tenant, tenants)
        return super().to_representation(tenants)


class TenantSerializer(ResourceSerializer):
    url = LinkField("openstack-tenant-detail")
    quotas = serializers.SerializerMethodField()
    access_url = serializers.SerializerMethodField()
    user_username = serializers.SerializerMethodField()
    user_password = serializers.SerializerMethodField()
    external_network_ref_uuid = serializers.SerializerMethodField()
    external_network_ref_name = serializers.SerializerMethodField()
    is_managed = serializers.BooleanField(read_only=True)

    class Meta(ResourceSerializer.Meta):
        model = Tenant
        list_serializer_class = TenantListSerializer
        fields = (
            *BASE_FIELDS, "availability_zone", "internal_network_id", "external_network_id",
            "external_network_ref_uuid", "external_network_ref_name", "user_username", "user_password", "quotas",
            "default_volume_type_name", "skip_creation_of_default_router", "is_managed",
        )  # fmt: skip
        read_only_fields = fields

    def get_external_network_ref_uuid(self, tenant: Tenant) -> str | None:
        return named_external_network(tenant, "external_network_ref")[0]

    def get_external_network_ref_name(self, tenant: Tenant) -> str:
        return named_external_network(tenant, "external_network_ref")[1] or ""

    def to_representation(self, instance: Tenant) -> dict[str, Any]:
        data = super().to_representation(instance)
        if data.get("external_network_ref_uuid", "") is None:
            del data["external_network_ref_uuid"]  # clients cannot parse a null here
        return data

    def get_quotas(self, tenant: Tenant) -> list[dict[str, Any]]:
        return counters.as_list(self._quotas(tenant))

    def _quotas(self, tenant: Tenant) -> list[Quota]:
        prefetched = self.context.get("_quotas")
        return list(counters.quotas_of(tenant)) if prefetched is None else prefetched.get(tenant.pk, [])

    def get_access_url(self, tenant: Any) -> str:
        service = tenant.service_settings
        if service.options.get("access_url"):
            return str(service.options["access_url"])
        scheme, _, rest = str(service.secret_options.get("backend_url", "")).partition("://")
        host = rest.split("/")[0].rsplit(":", 1)[0]
        return f"{scheme}://{host}/dashboard" if host else ""

    def get_user_username(self, tenant: Tenant) -> str:
        return tenant.user_username if self._may_see_credentials(tenant) else ""

    def get_user_password(self, tenant: Tenant) -> str:
        return tenant.user_password if self._may_see_credentials(tenant) else ""

    def _may_see_credentials(self, tenant: Tenant) -> bool:
        if not settings.WALDUR_OPENSTACK["TENANT_CREDENTIALS_VISIBLE"]:
            return False
        user = self.context["request"].user
        return has_permission(user, Permission.OPENSTACK_TENANT_MANAGE, [tenant.project, tenant.customer])
