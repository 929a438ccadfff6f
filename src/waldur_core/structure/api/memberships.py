"""Who belongs to a scope: `list_users/`, `add_user/`, `update_user/`, `delete_user/` (marketplace-api §3.4).

For the view set of any model that is a scope of roles (it declares `role_scope`):

    class ProjectViewSet(MembershipsMixin, ...):
        access = {..., **membership_access("PROJECT", on=("", "customer"))}
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions import grants
from waldur_core.permissions.access import Access, Holder, HolderOrSelf, Visible
from waldur_core.permissions.models import Role, UserRole
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import AnyOfFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, ModelSerializer
from waldur_core.rest.uuids import is_uuid
from waldur_core.structure.models import User


def membership_access(kind: str, on: tuple[str, ...]) -> Mapping[str, Access]:
    """The rules of the four actions: `<kind>.CREATE_PERMISSION` and so on, held on a scope reached by `on`."""
    return {
        "list_users": Visible(),
        "add_user": Holder(permission=Permission(f"{kind}.CREATE_PERMISSION"), on=on),
        "update_user": Holder(permission=Permission(f"{kind}.UPDATE_PERMISSION"), on=on),
        "delete_user": HolderOrSelf(permission=Permission(f"{kind}.DELETE_PERMISSION"), on=on),
    }


class UserRoleDetailsSerializer(ModelSerializer):
    role_name = serializers.CharField(source="role.name", read_only=True)
    role_uuid = HexUUIDField(source="role.uuid", read_only=True)
    user_email = serializers.CharField(source="user.email", read_only=True)
    user_full_name = serializers.CharField(source="user.full_name", read_only=True)
    user_username = serializers.CharField(source="user.username", read_only=True)
    user_uuid = HexUUIDField(source="user.uuid", read_only=True)
    created_by_full_name = serializers.CharField(source="created_by.full_name", default="", read_only=True)
    created_by_uuid = HexUUIDField(source="created_by.uuid", read_only=True)  # left out when it is not known

    class Meta:
        model = UserRole
        fields = (
            "uuid", "created", "expiration_time", "role_name", "role_uuid", "user_email", "user_full_name",
            "user_username", "user_uuid", "created_by_full_name", "created_by_uuid",
        )  # fmt: skip
        read_only_fields = fields


class RoleFilter(MultiValueFilter):
    """Roles by uuid or name."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        words = [word for word in self._values() if word]
        named = Q(role__name__in=words) | Q(role__uuid__in=[word for word in words if is_uuid(word)])
        return qs.filter(named) if words else qs


class MembershipFilter(django_filters.FilterSet):
    """Without a model: the rows are grants, whatever the view set is about."""

    role = RoleFilter()
    user = UUIDFilter(field_name="user__uuid")
    username = django_filters.CharFilter(field_name="user__username", lookup_expr="icontains")
    full_name = AnyOfFilter(paths=("user__first_name", "user__last_name"))
    native_name = django_filters.CharFilter(field_name="user__native_name", lookup_expr="icontains")
    search_string = AnyOfFilter(
        paths=("user__username", "user__first_name", "user__last_name", "user__native_name", "user__email")
    )


class UserRoleSerializer(serializers.Serializer[Any]):
    """A role (uuid or name) for a user."""

    role = serializers.CharField()
    user = HexUUIDField()
    expiration_time = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_role(self, value: str) -> Role:
        roles = Role.objects.filter(scope_type=self.context["scope"].role_scope)
        role = roles.filter(uuid=value) if is_uuid(value) else roles.filter(name=value)
        found = role.first()
        if found is None:
            raise serializers.ValidationError(f"There is no role {value!r} for this type of object.")
        return found

    def validate_user(self, value: UUID) -> User:
        user = User.objects.filter(uuid=value).first()
        if user is None:
            raise serializers.ValidationError("There is no such user.")
        return user


class NewUserRoleSerializer(UserRoleSerializer):
    """As above, for a grant that is to be in force."""

    def validate_role(self, value: str) -> Role:
        role = super().validate_role(value)
        if not role.is_active:
            raise serializers.ValidationError(f"The role {role} is disabled.")
        return role

    def validate_user(self, value: UUID) -> User:
        user = super().validate_user(value)
        if not user.is_active:
            raise serializers.ValidationError(f"{user} is not active.")
        return user

    def validate_expiration_time(self, value: datetime | None) -> datetime | None:
        if value and value <= timezone.now():
            raise serializers.ValidationError("The expiration time has passed already.")
        return value


class UserRoleExpirationTimeSerializer(serializers.Serializer[Any]):
    expiration_time = serializers.DateTimeField(allow_null=True)


class MembershipsMixin:
    """The four membership actions of a scope."""

    def membership_scope(self, obj: Any) -> Any:
        """The object on which the roles are granted."""
        return obj

    @extend_schema(responses=UserRoleDetailsSerializer(many=True))
    @action(
        detail=True,
        serializer_class=UserRoleDetailsSerializer,
        filterset_class=MembershipFilter,
        ordering_fields={
            "created": "created",
            "email": "user__email",
            "expiration_time": "expiration_time",
            "full_name": "user__first_name",
            "native_name": "user__native_name",
            "role": "role__name",
            "username": "user__username",
        },
    )
    def list_users(self: Any, request: Request, uuid: str) -> Response:
        """Who holds which role here."""
        active = grants.grants_on(self.membership_scope(self.get_object())) & UserRole.objects.active()
        rows = active.select_related("user", "role", "created_by").order_by("created", "pk")
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=UserRoleSerializer, responses={201: UserRoleExpirationTimeSerializer})
    @action(detail=True, methods=["post"])
    def add_user(self: Any, request: Request, uuid: str) -> Response:
        """Give a user a role here."""
        scope, data = self._membership(NewUserRoleSerializer)
        grant = grants.grant_role(scope, **data, actor=request.user)
        answer = UserRoleExpirationTimeSerializer(grant)
        return Response(answer.data, status=status.HTTP_201_CREATED)

    @extend_schema(request=UserRoleSerializer, responses=UserRoleExpirationTimeSerializer)
    @action(detail=True, methods=["post"])
    def update_user(self: Any, request: Request, uuid: str) -> Response:
        """Change how long a user keeps a role; without a time: for ever."""
        scope, data = self._membership(NewUserRoleSerializer)
        grant = grants.find_grant(scope, data["user"], data["role"])
        grants.update_grant(grant, scope, actor=request.user, expiration_time=data["expiration_time"])
        return Response(UserRoleExpirationTimeSerializer(grant).data)

    @extend_schema(request=UserRoleSerializer, responses={200: None})
    @action(detail=True, methods=["post"])
    def delete_user(self: Any, request: Request, uuid: str) -> Response:
        """Take a role from a user. Everybody may give up his own."""
        scope, data = self._membership(UserRoleSerializer)
        grants.revoke(grants.find_grant(scope, data["user"], data["role"]), scope, actor=request.user)
        return Response(status=status.HTTP_200_OK)

    def _membership(self: Any, serializer_class: type[UserRoleSerializer]) -> tuple[Any, dict[str, Any]]:
        scope = self.membership_scope(self.get_object())
        serializer = serializer_class(data=self.request.data, context={"scope": scope})
        serializer.is_valid(raise_exception=True)
        return scope, serializer.validated_data
