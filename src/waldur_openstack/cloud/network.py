"""Neutron v2.0."""

from collections.abc import Iterator
from typing import Any

from waldur_openstack.cloud.gateway import JSON, Gateway

JSON_LIST = list[JSON]  # in the class the word `list` is a method

COLLECTIONS = {
    "network": "networks",
    "subnet": "subnets",
    "router": "routers",
    "port": "ports",
    "floatingip": "floatingips",
    "security_group": "security-groups",
    "security_group_rule": "security-group-rules",
    "rbac_policy": "rbac-policies",
}


class Network(Gateway):
    service_type = "network"
    min_version = "2.0"
    max_version = "2.latest"
    probe = "/networks"

    def create(self, kind: str, **attributes: object) -> JSON:
        """Make one object; `kind` is Neutron's word in the singular, e.g. `security_group`."""
        return self.post(f"/{COLLECTIONS[kind]}", {kind: attributes})[kind]

    def create_many(self, kind: str, items: list[JSON]) -> list[JSON]:
        """Make several objects in one call, all or none."""
        return self.post(f"/{COLLECTIONS[kind]}", {f"{kind}s": items})[f"{kind}s"]

    def show(self, kind: str, object_id: str) -> JSON | None:
        return self.find(f"/{COLLECTIONS[kind]}/{object_id}", kind)

    def list(self, kind: str, **filters: Any) -> list[JSON]:
        return list(self.pages(f"/{COLLECTIONS[kind]}", COLLECTIONS[kind].replace("-", "_"), **filters))

    def pages_of(self, kind: str, **filters: Any) -> Iterator[JSON_LIST]:
        """What passes the filters in the whole cloud, page by page in the order of ids; for administrators."""
        path, key = f"/{COLLECTIONS[kind]}", COLLECTIONS[kind].replace("-", "_")
        return self.page_by_page(path, key, sort_key="id", sort_dir="asc", **filters)

    def first(self, kind: str, **filters: Any) -> JSON | None:
        return next(iter(self.list(kind, **filters)), None)

    def update(self, kind: str, object_id: str, **attributes: object) -> JSON:
        return self.put(f"/{COLLECTIONS[kind]}/{object_id}", {kind: attributes})[kind]

    def remove(self, kind: str, object_id: str) -> None:
        self.delete(f"/{COLLECTIONS[kind]}/{object_id}")

    def add_router_interface(self, router_id: str, subnet_id: str = "", *, port_id: str = "") -> JSON:
        """By a new port with the subnet's gateway address, or by a port of one's own; `port_id` of the answer."""
        body = {"port_id": port_id} if port_id else {"subnet_id": subnet_id}
        answer: JSON = self.put(f"/routers/{router_id}/add_router_interface", body)
        return answer

    def remove_router_interface(self, router_id: str, port_id: str) -> None:
        self.put(f"/routers/{router_id}/remove_router_interface", {"port_id": port_id})

    def external_policies(self) -> Iterator[JSON]:
        """Which projects may go out by which external networks; `target_tenant` is `*` for all."""
        filters = {"object_type": "network", "action": "access_as_external"}
        return self.pages("/rbac-policies", "rbac_policies", **filters)

    def quotas(self, project_id: str) -> JSON:
        """{name: {limit, used, reserved}}."""
        return self.get(f"/quotas/{project_id}/details.json")["quota"]

    def default_quotas(self) -> JSON:
        """{name: limit}: what a project has for which nobody has set anything."""
        with self.guarded("Keystone"):
            project = self.adapter.get_project_id()
        return self.get(f"/quotas/{project}/default")["quota"]

    def set_quotas(self, project_id: str, limits: JSON) -> None:
        self.put(f"/quotas/{project_id}", {"quota": limits})

    def delete_quotas(self, project_id: str) -> None:
        self.delete(f"/quotas/{project_id}")
