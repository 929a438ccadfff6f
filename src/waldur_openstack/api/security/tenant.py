"""Security groups by way of their tenant."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import StatusSerializer
from waldur_openstack.api.changing import managed
from waldur_openstack.api.security.changes import SecurityGroupCreateSerializer
from waldur_openstack.api.security.groups import SecurityGroupSerializer
from waldur_openstack.api.security.push import Push, PushedGroupSerializer


class SecurityGroupsOfTenant:
    """The actions on a tenant that make security groups, one or all."""

    group_access: ClassVar = managed("create_security_group", "push_security_groups")
    group_preconditions: ClassVar = dict.fromkeys(
        ("create_security_group", "push_security_groups"), (require_state(CoreState.OK),)
    )

    @extend_schema(request=SecurityGroupCreateSerializer, responses={201: SecurityGroupSerializer})
    @action(detail=True, methods=["post"])
    def create_security_group(self: Any, request: Request, uuid: str) -> Response:
        """Create a security group in the tenant."""
        context = self.context_of(self.get_object())
        serializer = SecurityGroupCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        group = serializer.save()
        return Response(SecurityGroupSerializer(group, context=context).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=PushedGroupSerializer(many=True), responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def push_security_groups(self: Any, request: Request, uuid: str) -> Response:
        """Make the tenant's security groups those of the list: new ones, changed ones, and no others but `default`."""
        tenant = self.get_object()
        serializer = PushedGroupSerializer(data=request.data, many=True, context=self.context_of(tenant))
        serializer.is_valid(raise_exception=True)
        operation = Push(tenant, serializer.validated_data, request.user).start()
        return self.scheduled(operation, "security groups update was scheduled")
