"""Tenants."""

import secrets
import string
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.permissions.access import CONSUMER, Holder, InBody, Staff, Visible
from waldur_core.permissions.checks import has_permission, require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.quotas import counters
from waldur_core.quotas.models import Quota
from waldur_core.rest.serializers import LinkField, RelatedLinkField
from waldur_core.structure.models import Project, ServiceSettings
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack import quotas
from waldur_openstack.api.base import (
    BASE_FIELDS,
    ResourceFilter,
    ResourceListSerializer,
    ResourceSerializer,
    ResourceViewSet,
    StatusSerializer,
    related,
)
from waldur_openstack.api.changing import TenantObjectViewSet
from waldur_openstack.api.floating_ips import FloatingIPsOfTenant
from waldur_openstack.api.network import (
    NetworksOfTenant,
    TopologyOfTenant,
    external_network_ref,
    make_first_network,
    named_external_network,
)
from waldur_openstack.api.security import SecurityGroupsOfTenant, TenantSecurityGroupSerializer, make_groups
from waldur_openstack.api.tenant_scope import resolve_link
from waldur_openstack.api.validators import validate_private_cidr
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.identity import CreateTenant, DeleteTenant, blacklisted
from waldur_openstack.workflows.quotas import PushQuotas

PASSWORD_LENGTH = 16
# without characters that look alike
PASSWORD_ALPHABET = (
    "".join(c for c in string.ascii_lowercase if c not in "ilo")
    + "".join(c for c in string.ascii_uppercase if c not in "IO")
    + "23456789"
)


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

    def get_external_network_ref_uuid(self, tenant: Tenant) -> str | None:
        return named_external_network(tenant, "external_network_ref")[0]

    def get_external_network_ref_name(self, tenant: Tenant) -> str:
        return named_external_network(tenant, "external_network_ref")[1] or ""

    def to_representation(self, instance: Tenant) -> dict[str, Any]:
        data = super().to_representation(instance)
        if data.get("external_network_ref_uuid", "") is None:
            del data["external_network_ref_uuid"]  # clients cannot parse a null here
        return data

    def get_user_username(self, tenant: Tenant) -> str:
        return tenant.user_username if self._may_see_credentials(tenant) else ""

    def get_user_password(self, tenant: Tenant) -> str:
        return tenant.user_password if self._may_see_credentials(tenant) else ""

    def _may_see_credentials(self, tenant: Tenant) -> bool:
        if not settings.WALDUR_OPENSTACK["TENANT_CREDENTIALS_VISIBLE"]:
            return False
        user = self.context["request"].user
        return has_permission(user, Permission.OPENSTACK_TENANT_MANAGE, [tenant.project, tenant.customer])


class TenantCreateSerializer(serializers.Serializer[Any]):
    """The attributes of a new tenant. The context holds `service_settings`, `project`, `user` and `limits` (quotas)."""

    name = serializers.CharField(max_length=64)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    subnet_cidr = serializers.CharField(default="192.168.42.0/24")
    skip_connection_extnet = serializers.BooleanField(default=False)
    skip_creation_of_default_router = serializers.BooleanField(default=False)
    skip_creation_of_default_subnet = serializers.BooleanField(default=False)
    availability_zone = serializers.CharField(allow_blank=True, default="", max_length=100)
    security_groups = TenantSecurityGroupSerializer(many=True, required=False)
    user_username = serializers.CharField(max_length=100, required=False, write_only=True)
    user_password = serializers.CharField(max_length=50, min_length=8, required=False, write_only=True)

    def validate_subnet_cidr(self, value: str) -> str:
        return validate_private_cidr(value)

    def validate_name(self, value: str) -> str:
        """Unique among the tenants of the same cloud and domain; not the service account's own project."""
        service: ServiceSettings = self.context["service_settings"]
        secret = service.secret_options
        if value == secret.get("tenant_name"):
            raise ValidationError("This is the name of the cloud's administrative project. Choose another.")
        for tenant in Tenant.objects.filter(name=value).select_related("service_settings"):
            other = tenant.service_settings.secret_options
            if (other.get("backend_url"), other.get("domain")) == (secret.get("backend_url"), secret.get("domain")):
                raise ValidationError("A tenant of this name exists in this cloud already. Choose another.")
        return value

    def validate_user_username(self, value: str) -> str:
        if blacklisted(value):
            raise ValidationError("This username is reserved in the cloud. Choose another.")
        if Tenant.objects.filter(service_settings=self.context["service_settings"], user_username=value).exists():
            raise ValidationError("This username is taken in this cloud. Choose another.")
        return value

    def validate_security_groups(self, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({group["name"] for group in groups}) != len(groups):
            raise ValidationError("Two of the groups have the same name.")
        return groups

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Tenant:
        """The rows, and the operation that makes them real."""
        context, slug = self.context, slugify(validated["name"])[:25] or "tenant"
        tenant = Tenant.objects.create(
            service_settings=context["service_settings"],
            project=context["project"],
            user_username=validated.get("user_username") or f"{slug}-user-{_random(4).lower()}",
            user_password=validated.get("user_password") or _random(PASSWORD_LENGTH),
            availability_zone=validated["availability_zone"] or _option(context, "availability_zone"),
            **{
                key: validated[key]
                for key in (
                    "name",
                    "description",
                    "skip_connection_extnet",
                    "skip_creation_of_default_router",
                    "skip_creation_of_default_subnet",
                )
            },
        )
        counters.set_limits(tenant, {**quotas.DEFAULTS, **context.get("limits", {})})
        make_first_network(tenant, slug, validated["subnet_cidr"])
        make_groups(tenant, validated.get("security_groups", default_security_groups()))
        self.operation = start(CreateTenant, tenant, user=context["user"])
        return tenant


def _option(context: Mapping[str, Any], name: str) -> str:
    return str(context["service_settings"].options.get(name) or "")


def _random(length: int) -> str:
    return "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(length))


def default_security_groups() -> list[dict[str, Any]]:
    """DEFAULT_SECURITY_GROUPS, validated as a user's input would be."""
    serializer = TenantSecurityGroupSerializer(data=settings.WALDUR_OPENSTACK["DEFAULT_SECURITY_GROUPS"], many=True)
    serializer.is_valid(raise_exception=True)
    return list(serializer.validated_data)


class TenantDirectCreateSerializer(TenantCreateSerializer):
    """A tenant without an order: names its project and cloud itself."""

    project = RelatedLinkField("project-detail", queryset=Project.objects.all())
    service_settings = RelatedLinkField(
        "servicesettings-detail", queryset=ServiceSettings.objects.filter(type="OpenStack")
    )


class TenantQuotasSerializer(serializers.Serializer[Any]):
    """New limits; what is not named stays. MiB for RAM and storage; -1 is no limit, 0 none at all."""

    instances = serializers.IntegerField(min_value=1, required=False)
    volumes = serializers.IntegerField(min_value=1, required=False)
    snapshots = serializers.IntegerField(min_value=1, required=False)
    ram = serializers.IntegerField(min_value=1, required=False)
    vcpu = serializers.IntegerField(min_value=1, required=False)
    storage = serializers.IntegerField(min_value=1024, required=False)
    security_group_count = serializers.IntegerField(min_value=1, required=False)
    security_group_rule_count = serializers.IntegerField(min_value=1, required=False)
    floating_ip_count = serializers.IntegerField(min_value=-1, required=False)
    network_count = serializers.IntegerField(min_value=-1, required=False)
    subnet_count = serializers.IntegerField(min_value=-1, required=False)
    port_count = serializers.IntegerField(min_value=-1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(self.initial_data) - set(self.fields)):
            raise ValidationError({name: ["There is no such quota."] for name in unknown})
        if not attrs:
            raise ValidationError("Name at least one quota.")
        return attrs


class TenantFilter(ResourceFilter):
    class Meta:
        model = Tenant
        fields = ()


class TenantViewSet(
    FloatingIPsOfTenant, NetworksOfTenant, TopologyOfTenant, SecurityGroupsOfTenant, TenantObjectViewSet
):
    """Projects in a cloud, with their quotas."""

    queryset = related(Tenant.objects.all()).annotate(**external_network_ref("external_network_ref"))
    serializer_class = TenantSerializer
    filterset_class = TenantFilter
    access = {
        **ResourceViewSet.base_access,
        "create": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="project"),
        "destroy": Holder(permission=Permission.ORDER_APPROVE, on=CONSUMER),
        "quotas": Visible(),
        "set_quotas": Staff(),
        **SecurityGroupsOfTenant.group_access,
        **FloatingIPsOfTenant.address_access,
        **NetworksOfTenant.network_access,
        "topology": Visible(),
    }
    preconditions = {
        "destroy": (require_state(CoreState.OK, CoreState.ERRED),),
        "set_quotas": (require_state(CoreState.OK),),
        **SecurityGroupsOfTenant.group_preconditions,
        **FloatingIPsOfTenant.address_preconditions,
        **NetworksOfTenant.network_preconditions,
    }

    @extend_schema(request=TenantDirectCreateSerializer, responses={201: TenantSerializer})
    def create(self, request: Request) -> Response:
        """Create a tenant directly, without an order: for private clouds and providers."""
        data = request.data if isinstance(request.data, dict) else {}
        context = self.get_serializer_context()
        project = resolve_link(data, "project", Project.objects.select_related("customer"), context)
        service = resolve_link(data, "service_settings", ServiceSettings.objects.filter(type="OpenStack"), context)
        require_permission(request.user, Permission.OPENSTACK_TENANT_MANAGE, [project, project.customer])
        if service.shared or service.customer != project.customer:
            require_permission(request.user, Permission.ORDER_APPROVE, [service.customer])
        scope = {"project": project, "service_settings": service, "user": request.user}
        serializer = TenantCreateSerializer(data=data, context={**context, **scope})
        serializer.is_valid(raise_exception=True)
        tenant = serializer.save()
        return Response(self.get_serializer(tenant).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uuid: str) -> Response:
        """Delete the tenant and everything in it."""
        start(DeleteTenant, self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=QuotaSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def quotas(self, request: Request, uuid: str) -> Response:
        """Limits and usages."""
        return Response(counters.as_list(counters.quotas_of(self.get_object())))

    @extend_schema(request=TenantQuotasSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_quotas(self, request: Request, uuid: str) -> Response:
        """Change limits here and in the cloud."""
        tenant = self.get_object()
        serializer = TenantQuotasSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        operation = start(PushQuotas, tenant, user=request.user, parameters={"quotas": serializer.validated_data})
        return self.scheduled(operation, "quota update was scheduled")
