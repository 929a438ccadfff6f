"""The workflows of what Neutron keeps."""

from waldur_openstack.workflows.network.floating_ips import (
    AttachFloatingIP,
    CreateFloatingIP,
    DeleteFloatingIP,
    DescribeFloatingIP,
    DetachFloatingIP,
)
from waldur_openstack.workflows.network.networks import CreateNetwork, DeleteNetwork, SetMtu, UpdateNetwork
from waldur_openstack.workflows.network.policies import CreateNetworkRBACPolicy, DeleteNetworkRBACPolicy
from waldur_openstack.workflows.network.ports import CreatePort, DeletePort, UpdatePort
from waldur_openstack.workflows.network.push_security_groups import PushSecurityGroups
from waldur_openstack.workflows.network.routers import (
    AddRouterInterface,
    CreateRouter,
    DeleteRouter,
    RemoveExternalGateway,
    RemoveRouterInterface,
    SetExternalGateway,
    SetRoutes,
    UpdateRouter,
)
from waldur_openstack.workflows.network.security_groups import (
    CreateSecurityGroup,
    DeleteSecurityGroup,
    SetSecurityGroupRules,
    UpdateSecurityGroup,
)
from waldur_openstack.workflows.network.subnets import (
    ConnectSubNet,
    CreateSubNet,
    DeleteSubNet,
    DisconnectSubNet,
    UpdateSubNet,
)

__all__ = [
    "AddRouterInterface",
    "AttachFloatingIP",
    "ConnectSubNet",
    "CreateFloatingIP",
    "CreateNetwork",
    "CreateNetworkRBACPolicy",
    "CreatePort",
    "CreateRouter",
    "CreateSecurityGroup",
    "CreateSubNet",
    "DeleteFloatingIP",
    "DeleteNetwork",
    "DeleteNetworkRBACPolicy",
    "DeletePort",
    "DeleteRouter",
    "DeleteSecurityGroup",
    "DeleteSubNet",
    "DescribeFloatingIP",
    "DetachFloatingIP",
    "DisconnectSubNet",
    "PushSecurityGroups",
    "RemoveExternalGateway",
    "RemoveRouterInterface",
    "SetExternalGateway",
    "SetMtu",
    "SetRoutes",
    "SetSecurityGroupRules",
    "UpdateNetwork",
    "UpdatePort",
    "UpdateRouter",
    "UpdateSecurityGroup",
    "UpdateSubNet",
]
