"""The inspection API of the simulated OpenStack in Python."""

from __future__ import annotations

from typing import Any

from twins.client import InspectionClient, Objects, TwinError

__all__ = ["Objects", "TwinClient", "TwinError"]


class TwinClient(InspectionClient):
    """Talks to ``/_twin`` of the twin at ``base_url`` (``http://127.0.0.1:5000``)."""

    def add_fault(self, action: str = "status", **rule: Any) -> int:
        """Add a rule (see :class:`twins.openstack.faults.Fault`); returns its id."""
        return super().add_fault(action, **rule)

    def set_max_limit(self, size: int) -> None:
        """The largest page that Nova, Neutron, Cinder and Glance give."""
        self.send("POST", "limits", {"max_limit": size})

    def expire_tokens(self) -> int:
        return int(self.send("POST", "expire_tokens")["expired"])

    @property
    def external_network_id(self) -> str:
        for network in self.objects("networks").get("networks", []):
            if network["name"] == "external":
                return str(network["id"])
        raise LookupError("the twin has no network called 'external'")
