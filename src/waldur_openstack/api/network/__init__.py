"""Networks, subnets, routers, ports and floating IPs."""

from waldur_openstack.api.network.external import (
    ExternalNetworkViewSet,
    external_network_ref,
    named_external_network,
)
from waldur_openstack.api.network.first_network import make_first_network
from waldur_openstack.api.network.floating_ips import (
    FloatingIPFilter,
    FloatingIPSerializer,
    NestedFloatingIPSerializer,
)
from waldur_openstack.api.network.networks import NetworksOfTenant, NetworkViewSet
from waldur_openstack.api.network.policies import NetworkRBACPolicyViewSet
from waldur_openstack.api.network.ports import NestedPortSerializer, PortViewSet
from waldur_openstack.api.network.routers import RouterViewSet
from waldur_openstack.api.network.subnets import SubNetViewSet
from waldur_openstack.api.network.topology import TopologyOfTenant

__all__ = [
    "ExternalNetworkViewSet",
    "FloatingIPFilter",
    "FloatingIPSerializer",
    "NestedFloatingIPSerializer",
    "NestedPortSerializer",
    "NetworkRBACPolicyViewSet",
    "NetworkViewSet",
    "NetworksOfTenant",
    "PortViewSet",
    "RouterViewSet",
    "SubNetViewSet",
    "TopologyOfTenant",
    "external_network_ref",
    "make_first_network",
    "named_external_network",
]
