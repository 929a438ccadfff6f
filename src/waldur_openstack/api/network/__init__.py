"""Networks, subnets, routers, ports and floating IPs."""

from waldur_openstack.api.network.floating_ips import (
    FloatingIPFilter,
    FloatingIPSerializer,
    NestedFloatingIPSerializer,
)
from waldur_openstack.api.network.networks import NetworkViewSet
from waldur_openstack.api.network.policies import NetworkRBACPolicyViewSet
from waldur_openstack.api.network.ports import NestedPortSerializer, PortViewSet
from waldur_openstack.api.network.routers import RouterViewSet
from waldur_openstack.api.network.subnets import SubNetViewSet

__all__ = [
    "FloatingIPFilter",
    "FloatingIPSerializer",
    "NestedFloatingIPSerializer",
    "NestedPortSerializer",
    "NetworkRBACPolicyViewSet",
    "NetworkViewSet",
    "PortViewSet",
    "RouterViewSet",
    "SubNetViewSet",
]
