"""Security groups by way of their tenant."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.changing import managed
from waldur_openstack.api.security.changes import SecurityGroupCreateSerializer
from waldur_openstack.api.security.groups import SecurityGroupSerializer


class SecurityGroupsOfTenant:
    """The actions on a tenant that make security groups."""

    group_access: ClassVar = managed("create_security_group")
    group_preconditions: ClassVar = {"create_security_group": (require_state(CoreState.OK),)}

    @extend_schema(request=SecurityGroupCreateSerializer, responses={201: SecurityGroupSerializer})
    @action(detail=True, methods=["post"])
    def create_security_group(self: Any, request: Request, uuid: str) -> Response:
        """Create a security group in the tenant."""
        context = self.context_of(self.get_object())
        serializer = SecurityGroupCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        group = serializer.save()
        return Response(SecurityGroupSerializer(group, context=context).data, status=status.HTTP_201_CREATED)
