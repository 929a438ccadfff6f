"""A back end of the site agent that keeps what it makes in a JSON file. It runs in the agent's own environment."""

import json
from pathlib import Path
from typing import Any

from waldur_site_agent.backend.backends import BaseBackend
from waldur_site_agent.backend.clients import BaseClient
from waldur_site_agent.backend.exceptions import BackendError
from waldur_site_agent.backend.structures import Association, ClientResource

TOTAL = "TOTAL_ACCOUNT_USAGE"


class Ledger(BaseClient):
    """The file: {id: {name, limits, users, mode}}. Every call reads it anew and writes it whole."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def read(self) -> dict[str, Any]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def change(self, resource_id: str, **columns: Any) -> None:
        entries = self.read()
        entries[resource_id] = {**entries.get(resource_id, {}), **columns}
        self.path.write_text(json.dumps(entries, indent=1))

    def list_resources(self) -> list[ClientResource]:
        return [self._resource(name, entry) for name, entry in self.read().items()]

    def get_resource(self, resource_id: str) -> ClientResource | None:
        entry = self.read().get(resource_id)
        return self._resource(resource_id, entry) if entry else None

    @staticmethod
    def _resource(resource_id: str, entry: dict[str, Any]) -> ClientResource:
        return ClientResource(name=resource_id, description=entry["name"], organization="", backend_id=resource_id)

    def create_resource(self, name: str, description: str, organization: str, parent_name: str | None = None) -> str:
        self.change(name, name=description, limits={}, users=[], mode="running")
        return name

    def delete_resource(self, name: str) -> str:
        entries = self.read()
        entries.pop(name, None)
        self.path.write_text(json.dumps(entries, indent=1))
        return name

    def set_resource_limits(self, resource_id: str, limits_dict: dict[str, int]) -> str | None:
        self.change(resource_id, limits=limits_dict)
        return resource_id

    def get_resource_limits(self, resource_id: str) -> dict[str, int]:
        return self.read()[resource_id]["limits"]

    def get_resource_user_limits(self, resource_id: str) -> dict[str, dict[str, int]]:
        return {}

    def set_resource_user_limits(self, resource_id: str, username: str, limits_dict: dict[str, int]) -> str:
        return resource_id

    def get_association(self, user: str, resource_id: str) -> Association | None:
        found = user in self.list_resource_users(resource_id)
        return Association(account=resource_id, user=user, value=0) if found else None

    def create_association(self, username: str, resource_id: str, default_account: str | None = None) -> str:
        self.change(resource_id, users=[*self.list_resource_users(resource_id), username])
        return username

    def delete_association(self, username: str, resource_id: str) -> str:
        self.change(resource_id, users=[name for name in self.list_resource_users(resource_id) if name != username])
        return username

    def get_usage_report(self, resource_ids: list[str], timezone: str | None = None) -> list:
        return []

    def list_resource_users(self, resource_id: str) -> list[str]:
        return self.read()[resource_id]["users"]


class LedgerBackend(BaseBackend):
    """Usage is half of the limits. What is called `faulty` cannot be made."""

    supports_decreasing_usage = True

    def __init__(self, backend_settings: dict, backend_components: dict[str, dict]) -> None:
        super().__init__(backend_settings, backend_components)
        self.backend_type = "ledger"
        self.client: Ledger = Ledger(backend_settings["path"])

    def ping(self, raise_exception: bool = False) -> bool:
        return True

    def diagnostics(self) -> bool:
        return True

    def list_components(self) -> list[str]:
        return list(self.backend_components)

    def _get_usage_report(self, resource_backend_ids: list[str]) -> dict:
        entries = self.client.read()
        return {
            name: {TOTAL: {kind: amount / 2 for kind, amount in entries[name]["limits"].items()}}
            for name in resource_backend_ids
            if name in entries
        }

    def _collect_resource_limits(self, waldur_resource: Any) -> tuple[dict[str, int], dict[str, int]]:
        """In marketplace units on both sides; a fixed component's amount comes from the plan."""
        limits = dict(waldur_resource.limits.additional_properties) if waldur_resource.limits else {}
        return {**self.plan_quotas, **limits}, limits

    def _pre_create_resource(self, waldur_resource: Any, user_context: dict | None = None) -> None:
        if waldur_resource.name == "faulty":
            raise BackendError("The ledger refuses faulty things.")
        context = user_context or {}
        self.plan_quotas = context.get("plan_quotas") or {}
        self.ssh_keys = context.get("ssh_keys") or {}

    def post_create_resource(self, resource: Any, waldur_resource: Any, user_context: dict | None = None) -> None:
        self.client.change(resource.backend_id, keys=sorted(self.ssh_keys.values()))
        resource.backend_metadata = self.get_resource_metadata(resource.backend_id)
        resource.endpoints = [{"name": "Page", "url": f"https://ledger.example.org/{resource.backend_id}"}]

    def set_resource_limits(self, resource_backend_id: str, limits: dict[str, int]) -> str | None:
        return self.client.set_resource_limits(resource_backend_id, limits)

    def get_resource_limits(self, resource_backend_id: str) -> dict[str, int]:
        return self.client.get_resource_limits(resource_backend_id)

    def downscale_resource(self, resource_backend_id: str) -> bool:
        return self._mode(resource_backend_id, "downscaled")

    def pause_resource(self, resource_backend_id: str) -> bool:
        return self._mode(resource_backend_id, "paused")

    def restore_resource(self, resource_backend_id: str) -> bool:
        return self._mode(resource_backend_id, "running")

    def _mode(self, resource_backend_id: str, mode: str) -> bool:
        self.client.change(resource_backend_id, mode=mode)
        return True

    def get_resource_metadata(self, resource_backend_id: str) -> dict:
        return {"page": resource_backend_id, "login": {"user": "ledger", "password": f"open-{resource_backend_id}"}}
