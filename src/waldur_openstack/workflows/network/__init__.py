"""The workflows of what Neutron keeps."""

from waldur_openstack.workflows.network.floating_ips import (
    AttachFloatingIP,
    CreateFloatingIP,
    DeleteFloatingIP,
    DescribeFloatingIP,
    DetachFloatingIP,
)
from waldur_openstack.workflows.network.security_groups import (
    CreateSecurityGroup,
    DeleteSecurityGroup,
    SetSecurityGroupRules,
    UpdateSecurityGroup,
)

__all__ = [
    "AttachFloatingIP",
    "CreateFloatingIP",
    "CreateSecurityGroup",
    "DeleteFloatingIP",
    "DeleteSecurityGroup",
    "DescribeFloatingIP",
    "DetachFloatingIP",
    "SetSecurityGroupRules",
    "UpdateSecurityGroup",
]
