"""A simulated OpenStack: Keystone, Nova, Neutron, Cinder and Glance on one port, with faults on demand."""

from .client import TwinClient, TwinError
from .twin import OpenStackTwin

__all__ = ["OpenStackTwin", "TwinClient", "TwinError"]
