"""Security groups and their rules: reading, and all that changes them."""

from waldur_openstack.api.security.groups import (
    NestedSecurityGroupSerializer,
    TenantSecurityGroupSerializer,
    make_groups,
)
from waldur_openstack.api.security.rules import SecurityGroupRuleSerializer
from waldur_openstack.api.security.tenant import SecurityGroupsOfTenant
from waldur_openstack.api.security.views import SecurityGroupViewSet

__all__ = [
    "NestedSecurityGroupSerializer",
    "SecurityGroupRuleSerializer",
    "SecurityGroupViewSet",
    "SecurityGroupsOfTenant",
    "TenantSecurityGroupSerializer",
    "make_groups",
]
