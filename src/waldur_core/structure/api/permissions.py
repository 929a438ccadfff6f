"""What a user may do where: the `permissions` list of users, and how it is fetched without a query per user."""

from typing import Any

from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Prefetch
from rest_framework import serializers

from waldur_core.permissions.models import UserRole
from waldur_core.permissions.scopes import scope_models
from waldur_core.rest.serializers import HexUUIDField, ModelSerializer


def with_active_grants() -> Prefetch:
    """Fetches `active_grants` of users with their roles, scopes and the scopes' customers."""
    scopes = []
    for model in scope_models():
        has_customer = any(field.name == "customer" for field in model._meta.get_fields())
        scopes.append(model._default_manager.select_related(*["customer"] if has_customer else []))
    rows = UserRole.objects.active().select_related("role").order_by("pk")
    return Prefetch("grants", rows.prefetch_related(GenericPrefetch("scope", scopes)), to_attr="active_grants")


class ScopedGrants(serializers.ListSerializer[Any]):
    """Leaves out grants on something that was deleted."""

    def to_representation(self, data: Any) -> Any:
        return super().to_representation([grant for grant in data if grant.scope is not None])


class PermissionSerializer(ModelSerializer):
    """One role of a user, and the customer and project it reaches."""

    role_name = serializers.CharField(source="role.name", read_only=True)
    role_description = serializers.CharField(source="role.description", read_only=True)
    role_uuid = HexUUIDField(source="role.uuid", read_only=True)
    scope_type = serializers.CharField(source="role.scope_type", read_only=True)
    scope_uuid = HexUUIDField(source="scope.uuid", read_only=True)
    scope_name = serializers.CharField(source="scope.name", read_only=True)
    customer_uuid = serializers.SerializerMethodField()
    customer_name = serializers.SerializerMethodField()
    project_uuid = serializers.SerializerMethodField()

    class Meta:
        model = UserRole
        list_serializer_class = ScopedGrants
        fields = (
            "uuid", "created", "expiration_time", "role_name", "role_description", "role_uuid", "scope_type",
            "scope_uuid", "scope_name", "customer_uuid", "customer_name", "project_uuid",
        )  # fmt: skip
        read_only_fields = fields

    def get_customer_uuid(self, grant: UserRole) -> str | None:
        customer = _customer(grant)
        return customer.uuid.hex if customer else None

    def get_customer_name(self, grant: UserRole) -> str | None:
        customer = _customer(grant)
        return customer.name if customer else None

    def get_project_uuid(self, grant: UserRole) -> str | None:
        scope: Any = grant.scope
        return scope.uuid.hex if grant.role.scope_type == "project" else None


def _customer(grant: UserRole) -> Any:
    return grant.scope if grant.role.scope_type == "customer" else getattr(grant.scope, "customer", None)
