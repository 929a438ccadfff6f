"""The workflows of what Neutron keeps."""

from waldur_openstack.workflows.network.security_groups import (
    CreateSecurityGroup,
    DeleteSecurityGroup,
    SetSecurityGroupRules,
    UpdateSecurityGroup,
)

__all__ = ["CreateSecurityGroup", "DeleteSecurityGroup", "SetSecurityGroupRules", "UpdateSecurityGroup"]
