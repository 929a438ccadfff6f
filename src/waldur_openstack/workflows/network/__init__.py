"""The workflows of what Neutron keeps."""

from waldur_openstack.workflows.network.floating_ips import (
    AttachFloatingIP,
    CreateFloatingIP,
    DeleteFloatingIP,
    DescribeFloatingIP,
    DetachFloatingIP,
)
from waldur_openstack.workflows.network.policies import CreateNetworkRBACPolicy, DeleteNetworkRBACPolicy
from waldur_openstack.workflows.network.ports import CreatePort, DeletePort, UpdatePort
from waldur_openstack.workflows.network.push_security_groups import PushSecurityGroups
from waldur_openstack.workflows.network.security_groups import (
    CreateSecurityGroup,
    DeleteSecurityGroup,
    SetSecurityGroupRules,
    UpdateSecurityGroup,
)

__all__ = [
    "AttachFloatingIP",
    "CreateFloatingIP",
    "CreateNetworkRBACPolicy",
    "CreatePort",
    "CreateSecurityGroup",
    "DeleteFloatingIP",
    "DeleteNetworkRBACPolicy",
    "DeletePort",
    "DeleteSecurityGroup",
    "DescribeFloatingIP",
    "DetachFloatingIP",
    "PushSecurityGroups",
    "SetSecurityGroupRules",
    "UpdatePort",
    "UpdateSecurityGroup",
]
