"""Security groups at their own address, and at the short one."""

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.permissions.access import Holder, InBody
from waldur_core.permissions.strings import Permission
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import ResourceViewSet, StatusSerializer, related
from waldur_openstack.api.security.changes import (
    SecurityGroupCreateSerializer,
    SecurityGroupUpdateSerializer,
    add_rule,
    remove_rule,
    require_own,
    require_unused,
    set_rules,
)
from waldur_openstack.api.security.groups import SecurityGroupFilter, SecurityGroupSerializer
from waldur_openstack.api.security.rules import GroupRuleSerializer, require_distinct
from waldur_openstack.api.tenant_scope import require_tenant
from waldur_openstack.models import SecurityGroup
from waldur_openstack.workflows.network import DeleteSecurityGroup

MANAGE = Holder(permission=Permission.OPENSTACK_TENANT_MANAGE)
CHANGEABLE = (require_tenant, require_state(CoreState.OK))


class SecurityGroupViewSet(ResourceViewSet):
    """Firewall rules of tenants."""

    queryset = related(SecurityGroup.objects.all(), "tenant").prefetch_related("rules__remote_group", "instances")
    serializer_class = SecurityGroupSerializer
    filterset_class = SecurityGroupFilter
    access = {
        **ResourceViewSet.base_access,
        "create": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="tenant"),
        "update": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "set_rules": MANAGE,
        "add_rule": MANAGE,
        "remove_rule": MANAGE,
    }
    preconditions = {
        "update": CHANGEABLE,
        "partial_update": CHANGEABLE,
        "destroy": (require_tenant, require_state(CoreState.OK, CoreState.ERRED), require_own, require_unused),
        "set_rules": CHANGEABLE,
        "add_rule": CHANGEABLE,
        "remove_rule": CHANGEABLE,
    }

    @extend_schema(request=SecurityGroupCreateSerializer, responses={201: SecurityGroupSerializer})
    def create(self, request: Request) -> Response:
        """Create a group; the body names the tenant."""
        context = self.get_serializer_context()
        serializer = SecurityGroupCreateSerializer.for_request(request, context, Permission.OPENSTACK_TENANT_MANAGE)
        serializer.is_valid(raise_exception=True)
        return Response(self.get_serializer(serializer.save()).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SecurityGroupUpdateSerializer, responses=SecurityGroupUpdateSerializer)
    def update(self, request: Request, uuid: str) -> Response:
        """Change name and description."""
        return self._update(request, partial=False)

    @extend_schema(request=SecurityGroupUpdateSerializer, responses=SecurityGroupUpdateSerializer)
    def partial_update(self, request: Request, uuid: str) -> Response:
        """Change name or description."""
        return self._update(request, partial=True)

    def _update(self, request: Request, *, partial: bool) -> Response:
        context = self.get_serializer_context()
        serializer = SecurityGroupUpdateSerializer(self.get_object(), request.data, partial=partial, context=context)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uuid: str) -> Response:
        """Delete the group, and the rules of other groups that name it."""
        start(DeleteSecurityGroup, self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=GroupRuleSerializer(many=True), responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_rules(self, request: Request, uuid: str) -> Response:
        """Replace all rules; the body is the list of them."""
        group: SecurityGroup = self.get_object()
        serializer = GroupRuleSerializer(data=request.data, many=True, context=self._in_tenant(group))
        serializer.is_valid(raise_exception=True)
        rules = require_distinct(serializer.validated_data)
        return self.scheduled(set_rules(group, rules, request.user), "security group rules update was scheduled")

    @extend_schema(request=GroupRuleSerializer, responses={201: GroupRuleSerializer})
    @action(detail=True, methods=["post"], url_path="rules")
    def add_rule(self, request: Request, uuid: str) -> Response:
        """Add a rule."""
        group: SecurityGroup = self.get_object()
        serializer = GroupRuleSerializer(data=request.data, context=self._in_tenant(group))
        serializer.is_valid(raise_exception=True)
        rule = add_rule(group, serializer.validated_data, request.user)
        return Response(GroupRuleSerializer(rule, context=serializer.context).data, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[OpenApiParameter("rule_id", int, "path")], responses={204: None})
    @action(detail=True, methods=["delete"], url_path=r"rules/(?P<rule_id>[0-9]{1,18})")
    def remove_rule(self, request: Request, uuid: str, rule_id: str) -> Response:
        """Remove a rule."""
        group: SecurityGroup = self.get_object()
        rule = group.rules.select_related("remote_group").filter(pk=int(rule_id)).first()
        if rule is None:
            raise Http404
        remove_rule(group, rule, request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _in_tenant(self, group: SecurityGroup) -> dict[str, object]:
        return {**self.get_serializer_context(), "tenant": group.tenant}
