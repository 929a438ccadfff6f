"""A simulated OpenNebula: the XML-RPC daemon with its quotas, rules and states, and with faults on demand."""

from .client import OpenNebulaTwinClient, TwinError
from .twin import OpenNebulaTwin

__all__ = ["OpenNebulaTwin", "OpenNebulaTwinClient", "TwinError"]
