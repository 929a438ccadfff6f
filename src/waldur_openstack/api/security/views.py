"""Security groups at their own address, and at the short one."""

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_openstack.api.base import StatusSerializer, related
from waldur_openstack.api.changing import CHANGEABLE, IN_BODY, REMOVABLE, Creates, Deletes, Updates, managed
from waldur_openstack.api.pulling import Pulls
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
from waldur_openstack.models import SecurityGroup
from waldur_openstack.workflows.network import DeleteSecurityGroup
from waldur_openstack.workflows.pulling import PullSecurityGroup


class SecurityGroupViewSet(Creates, Updates, Deletes, Pulls):
    """Firewall rules of tenants."""

    queryset = related(SecurityGroup.objects.all(), "tenant").prefetch_related("rules__remote_group", "instances")
    serializer_class = SecurityGroupSerializer
    workflows = {
        "add_rule": "openstack.security_group.set_rules",
        "create": "openstack.security_group.create",
        "remove_rule": "openstack.security_group.set_rules",
        "set_rules": "openstack.security_group.set_rules",
    }
    filterset_class = SecurityGroupFilter
    request_serializers = {
        "create": SecurityGroupCreateSerializer,
        "update": SecurityGroupUpdateSerializer,
        "partial_update": SecurityGroupUpdateSerializer,
    }
    delete_workflow = DeleteSecurityGroup
    pull_workflow = PullSecurityGroup
    access = {
        **Pulls.base_access,
        "create": IN_BODY,
        **managed("update", "partial_update", "destroy", "set_rules", "add_rule", "remove_rule"),
    }
    preconditions = {
        "update": CHANGEABLE,
        "partial_update": CHANGEABLE,
        "destroy": (*REMOVABLE, require_own, require_unused),
        "set_rules": CHANGEABLE,
        "add_rule": CHANGEABLE,
        "remove_rule": CHANGEABLE,
    }

    @extend_schema(request=GroupRuleSerializer(many=True), responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_rules(self, request: Request, uuid: str) -> Response:
        """Replace all rules; the body is the list of them."""
        group: SecurityGroup = self.get_object()
        serializer = GroupRuleSerializer(data=request.data, many=True, context=self.context_of(group))
        serializer.is_valid(raise_exception=True)
        rules = require_distinct(serializer.validated_data)
        return self.scheduled(set_rules(group, rules, request.user), "security group rules update was scheduled")

    @extend_schema(request=GroupRuleSerializer, responses={201: GroupRuleSerializer})
    @action(detail=True, methods=["post"], url_path="rules")
    def add_rule(self, request: Request, uuid: str) -> Response:
        """Add a rule."""
        group: SecurityGroup = self.get_object()
        serializer = GroupRuleSerializer(data=request.data, context=self.context_of(group))
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
