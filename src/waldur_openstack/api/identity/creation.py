"""The attributes of a new tenant, and the rows it begins with."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.serializers import RelatedLinkField
from waldur_core.structure.models import Project, ServiceSettings
from waldur_openstack import quotas
from waldur_openstack.api.network import make_first_network
from waldur_openstack.api.security import TenantSecurityGroupSerializer, make_groups
from waldur_openstack.api.validators import validate_private_cidr
from waldur_openstack.credentials import generated_credentials, slug_of
from waldur_openstack.models import Tenant, VolumeType
from waldur_openstack.workflows.identity import CreateTenant, blacklisted


class TenantCreateSerializer(serializers.Serializer[Any]):
    """The attributes of a new tenant. The context holds `service_settings`, `project`, `user` and `limits` (quotas)."""

    name = serializers.CharField(max_length=64)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    subnet_cidr = serializers.CharField(default="192.168.42.0/24")
    skip_connection_extnet = serializers.BooleanField(default=False)
    skip_creation_of_default_router = serializers.BooleanField(default=False)
    skip_creation_of_default_subnet = serializers.BooleanField(default=False)
    availability_zone = serializers.CharField(allow_blank=True, default="", max_length=100)
    default_volume_type_name = serializers.CharField(allow_blank=True, default="", max_length=100)
    security_groups = TenantSecurityGroupSerializer(many=True, required=False)
    user_username = serializers.CharField(max_length=100, required=False, write_only=True)
    user_password = serializers.CharField(max_length=50, min_length=8, required=False, write_only=True)

    def validate_subnet_cidr(self, value: str) -> str:
        return validate_private_cidr(value)

    def validate_name(self, value: str) -> str:
        return require_free_name(self.context["service_settings"], value)

    def validate_default_volume_type_name(self, value: str) -> str:
        """One that any tenant of the cloud may use."""
        types = VolumeType.objects.filter(VolumeType.offered(), settings=self.context["service_settings"])
        if value and not types.filter(name=value, is_public=True).exists():
            raise ValidationError("There is no such volume type in this cloud.")
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
        context, slug = self.context, slug_of(validated["name"])
        generated = generated_credentials(validated["name"])
        tenant = Tenant.objects.create(
            service_settings=context["service_settings"],
            project=context["project"],
            user_username=validated.get("user_username") or generated["user_username"],
            user_password=validated.get("user_password") or generated["user_password"],
            availability_zone=validated["availability_zone"] or _option(context, "availability_zone"),
            **{
                key: validated[key]
                for key in (
                    "name",
                    "description",
                    "default_volume_type_name",
                    "skip_connection_extnet",
                    "skip_creation_of_default_router",
                    "skip_creation_of_default_subnet",
                )
            },
        )
        counters.set_limits(tenant, {**quotas.DEFAULTS, **context.get("limits", {})})
        make_first_network(tenant, slug, validated["subnet_cidr"])
        make_groups(tenant, validated.get("security_groups", default_security_groups()))
        counters.change(tenant, quotas.of_rows(tenant))  # 400 when the limits leave no room for what it begins with
        self.operation = start(CreateTenant, tenant, user=context["user"])
        return tenant


def require_free_name(service: ServiceSettings, name: str) -> str:
    """400 unless the name is free among the tenants of the same cloud and domain, and not the service account's own."""
    ServiceSettings.objects.select_for_update(no_key=True).get(pk=service.pk)  # nobody else takes it meanwhile
    secret = service.secret_options
    if name == secret.get("tenant_name"):
        raise ValidationError("This is the name of the cloud's administrative project. Choose another.")
    for tenant in Tenant.objects.filter(name=name).select_related("service_settings"):
        other = tenant.service_settings.secret_options
        if (other.get("backend_url"), other.get("domain")) == (secret.get("backend_url"), secret.get("domain")):
            raise ValidationError("A tenant of this name exists in this cloud already. Choose another.")
    return name


def _option(context: Mapping[str, Any], name: str) -> str:
    return str(context["service_settings"].options.get(name) or "")


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
