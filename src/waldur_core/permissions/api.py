"""`/api/roles/`: named sets of permissions. Everybody reads them, staff edit them."""

from typing import Any

import django_filters
from django.db.models import OuterRef, Q
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Staff, Visible
from waldur_core.permissions.grants import count_users
from waldur_core.permissions.models import Role
from waldur_core.permissions.scopes import scope_types
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import AnyOfFilter, BooleanFilter
from waldur_core.rest.serializers import ModelSerializer
from waldur_core.rest.views import ReadOnlyViewSet


class PermissionsField(serializers.ListField):
    """Permission strings. Clients of the published schema send an object: its keys count where the value is true."""

    child = serializers.ChoiceField(choices=[(str(permission), str(permission)) for permission in Permission])

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, dict):
            data = [name for name, wanted in data.items() if wanted]
        return sorted(set(super().to_internal_value(data)))


class RoleSerializer(ModelSerializer):
    content_type = serializers.CharField(source="scope_type")
    permissions = PermissionsField()
    users_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Role
        fields = (
            "uuid", "name", "description", "permissions", "is_system_role", "is_active", "users_count", "content_type",
        )  # fmt: skip
        read_only_fields = ("is_system_role",)

    def validate_content_type(self, value: str) -> str:
        if value not in scope_types():
            raise serializers.ValidationError(f"Roles are granted on: {', '.join(scope_types())}.")
        if self.instance and self.instance.scope_type != value:
            raise serializers.ValidationError("The type of object a role is granted on cannot be changed.")
        return value

    def validate_name(self, value: str) -> str:
        if self.instance and self.instance.is_system_role and self.instance.name != value:
            raise serializers.ValidationError("A system role keeps its name.")
        return value


class RoleFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")
    description = django_filters.CharFilter(lookup_expr="icontains")
    content_type = django_filters.CharFilter(field_name="scope_type")
    query = AnyOfFilter(paths=("name", "description"))
    is_active = BooleanFilter()
    is_system_role = BooleanFilter()

    class Meta:
        model = Role
        fields = ()


def refuse_system_role(role: Role) -> None:
    if role.is_system_role:
        raise Conflict(f"{role} is a system role: it can be disabled, not deleted.")


class RoleViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """Roles. What they permit is data: a change takes effect at once, for everyone who holds the role."""

    queryset = Role.objects.annotate(users_count=count_users(Q(role=OuterRef("pk"))))
    serializer_class = RoleSerializer
    filterset_class = RoleFilter
    ordering_fields = {
        "name": "name",
        "is_active": "is_active",
        "users_count": "users_count",
        "scope": "scope_type",
        "origin": "is_system_role",
    }
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        **{name: Staff() for name in ("create", "update", "partial_update", "destroy", "enable", "disable")},
    }
    preconditions = {"destroy": (refuse_system_role,)}

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._record("role_definition_created", "created", serializer.save())

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._record("role_definition_updated", "changed", serializer.save())

    def perform_destroy(self, instance: Role) -> None:
        self._record("role_definition_deleted", "deleted", instance)
        instance.delete()

    @extend_schema(request=None, responses={200: None})
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, uuid: str) -> Response:
        """The role counts again."""
        return self._switch(True)

    @extend_schema(request=None, responses={200: None})
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, uuid: str) -> Response:
        """Nobody gains anything from the role any more, and nobody can be given it."""
        return self._switch(False)

    def _switch(self, on: bool) -> Response:
        role = self.get_object()
        role.is_active = on
        role.save(update_fields=["is_active", "modified"])
        word = "enabled" if on else "disabled"
        self._record(f"role_{word}", word, role)
        return Response()

    def _record(self, event_type: str, done: str, role: Role) -> None:
        permissions = {"permissions": role.permissions}
        record(event_type, f"Role {role} has been {done}.", scope=role, actor=self.request.user, **permissions)
