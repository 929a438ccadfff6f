"""The agent's view of a client, for those of its commands that ask one."""

from __future__ import annotations

from typing import Any

from waldur_site_agent.backend.clients import BaseClient
from waldur_site_agent.backend.exceptions import BackendError
from waldur_site_agent.backend.structures import Association, ClientResource


class OpenNebulaClient(BaseClient):
    """Answers from an offering. What changes something goes through the backend, which knows units and orders."""

    def __init__(self, offering: Any) -> None:
        self.offering = offering

    def list_resources(self) -> list[ClientResource]:
        return [ClientResource(name=name, backend_id=name) for name in self.offering.inventory()]

    def get_resource(self, resource_id: str) -> ClientResource | None:
        return ClientResource(name=resource_id, backend_id=resource_id) if self.offering.exists(resource_id) else None

    def create_resource(self, name: str, description: str, organization: str, parent_name: str | None = None) -> str:
        raise BackendError(f"{name} can only be made by an order.")

    def delete_resource(self, name: str) -> str:
        self.offering.delete(name)
        return name

    def set_resource_limits(self, resource_id: str, limits_dict: dict[str, int]) -> str | None:
        """In OpenNebula's units."""
        self.offering.set_limits(resource_id, limits_dict, {})
        return None

    def get_resource_limits(self, resource_id: str) -> dict[str, int]:
        """In OpenNebula's units."""
        return {name: int(value) for name, value in self.offering.limits(resource_id).items()}

    def get_resource_user_limits(self, resource_id: str) -> dict[str, dict[str, int]]:
        return {}

    def set_resource_user_limits(self, resource_id: str, username: str, limits_dict: dict[str, int]) -> str:
        raise BackendError("OpenNebula's limits hold for whole VDCs.")

    def get_association(self, user: str, resource_id: str) -> Association | None:
        known = user in self.offering.members(resource_id)
        return Association(account=resource_id, user=user) if known else None

    def create_association(self, username: str, resource_id: str, default_account: str | None = None) -> str:
        self.offering.add_members(resource_id, {username})
        return username

    def delete_association(self, username: str, resource_id: str) -> str:
        self.offering.remove_members(resource_id, {username})
        return username

    def get_usage_report(self, resource_ids: list[str], timezone: str | None = None) -> list[Any]:
        return [self.offering.usage(resource_id) for resource_id in resource_ids]

    def list_resource_users(self, resource_id: str) -> list[str]:
        return list(self.offering.members(resource_id))
