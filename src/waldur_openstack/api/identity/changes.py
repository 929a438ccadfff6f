"""What can be changed on a tenant: its name, description and defaults, and the password of its user."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.rest.errors import Conflict
from waldur_openstack.api.identity.creation import require_free_name
from waldur_openstack.api.tenant_scope import ActionSerializer, UpdateSerializer
from waldur_openstack.models import InstanceAvailabilityZone, Tenant, VolumeType
from waldur_openstack.workflows.identity import ChangeTenantPassword, UpdateTenant

IN_CLOUD = ("name", "description")  # the other columns are defaults of ours


class TenantUpdateSerializer(UpdateSerializer):
    """What is not named stays; the cloud is told only of a new name or description."""

    workflow = UpdateTenant

    name = serializers.CharField(max_length=64)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    availability_zone = serializers.CharField(allow_blank=True, required=False, max_length=100)
    default_volume_type_name = serializers.CharField(allow_blank=True, required=False, max_length=100)

    def validate_name(self, value: str) -> str:
        return value if value == self.object.name else require_free_name(self.object.service_settings, value)

    def validate_availability_zone(self, value: str) -> str:
        zones = InstanceAvailabilityZone.objects.filter(InstanceAvailabilityZone.usable_in(self.tenant))
        return self._one_of(zones, value, "zone")

    def validate_default_volume_type_name(self, value: str) -> str:
        types = VolumeType.objects.filter(VolumeType.usable_in(self.tenant))
        return self._one_of(types, value, "volume type")

    def _one_of(self, items: Any, name: str, kind: str) -> str:
        if name and not items.filter(name=name).exists():
            raise ValidationError(f"There is no such {kind} for this tenant.")
        return name

    @transaction.atomic
    def update(self, instance: Tenant, validated: dict[str, Any]) -> Tenant:
        local = {name: value for name, value in validated.items() if name not in IN_CLOUD}
        for name, value in local.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*local, "modified"])
        updated: Tenant = super().update(instance, {name: validated[name] for name in IN_CLOUD if name in validated})
        return updated


class TenantPasswordSerializer(ActionSerializer):
    """A new password for the tenant's user. The old one is kept until the cloud has taken the new."""

    user_password = serializers.CharField(max_length=50, trim_whitespace=False, write_only=True)

    def validate_user_password(self, value: str) -> str:
        if value == self.object.user_password:
            raise ValidationError("This is the password the user has. Choose another.")
        try:
            validate_password(value, get_user_model()(username=self.object.user_username))
        except DjangoValidationError as error:
            raise ValidationError(error.messages) from error
        return value

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Operation:
        tenant: Tenant = self.object
        tenant.new_user_password = validated["user_password"]
        tenant.save(update_fields=["new_user_password", "modified"])
        return start(ChangeTenantPassword, tenant, user=self.user)


def require_tenant_user(tenant: Tenant) -> None:
    """409 when the tenant has no user in the cloud."""
    if not tenant.user_id:
        raise Conflict("The tenant has no user of its own in the cloud.")
