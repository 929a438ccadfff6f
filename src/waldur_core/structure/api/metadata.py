"""`/api/metadata/`: the vocabulary of the API, for clients that show roles, permissions and events by name."""

from itertools import groupby
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events import types
from waldur_core.permissions import strings
from waldur_core.permissions.access import SignedIn
from waldur_core.permissions.scopes import scope_types
from waldur_core.permissions.strings import Permission, RoleName
from waldur_core.rest.views import AccessControl

PUBLISHED = [permission for permission in Permission if permission not in strings.OWN]


class PermissionOptionSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField()


class PermissionDescriptionSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    options = PermissionOptionSerializer(many=True)


class PermissionMetadataSerializer(serializers.Serializer[Any]):
    """`own_permissions` are those the published API does not know; they work like the others."""

    roles = serializers.DictField(child=serializers.CharField())
    permissions = serializers.DictField(child=serializers.CharField())
    own_permissions = serializers.DictField(child=serializers.CharField())
    permission_map = serializers.DictField(child=serializers.CharField())
    create_permissions = serializers.DictField(child=serializers.CharField())
    permission_descriptions = PermissionDescriptionSerializer(many=True)


class EventMetadataSerializer(serializers.Serializer[Any]):
    event_groups = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    own_event_types = serializers.ListField(child=serializers.CharField())


class MetadataViewSet(AccessControl, viewsets.ViewSet):
    access = {
        "permissions": SignedIn("names of roles and permissions"),
        "events": SignedIn("names of event types"),
    }

    @extend_schema(responses=PermissionMetadataSerializer)
    @action(detail=False)
    def permissions(self, request: Request) -> Response:
        """The system roles and all permissions, by name."""
        create = {kind: f"{kind.upper()}.CREATE_PERMISSION" for kind in scope_types()}
        return Response(
            {
                "roles": {role.name: role.value for role in RoleName},
                "permissions": {permission.name: permission.value for permission in PUBLISHED},
                "own_permissions": {name.name: name.value for name in sorted(strings.OWN)},
                "permission_map": create,
                "create_permissions": create,
                "permission_descriptions": [
                    {"label": _words(kind), "options": [_option(permission) for permission in group]}
                    for kind, group in groupby(sorted(PUBLISHED), key=lambda permission: permission.split(".")[0])
                ],
            }
        )

    @extend_schema(responses=EventMetadataSerializer)
    @action(detail=False)
    def events(self, request: Request) -> Response:
        """The event types by group."""
        published = {group: [kind for kind in kinds if kind not in types.OWN] for group, kinds in types.GROUPS.items()}
        return Response({"event_groups": published, "own_event_types": sorted(types.OWN)})


def _option(permission: Permission) -> dict[str, str]:
    return {"label": _words(permission.split(".")[1]), "value": permission.value}


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
