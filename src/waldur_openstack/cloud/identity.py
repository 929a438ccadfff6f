"""Keystone v3."""

from typing import Any

from waldur_openstack.cloud.gateway import JSON, Gateway


class Identity(Gateway):
    service_type = "identity"
    min_version = "3"
    max_version = "3.latest"
    probe = "/projects"

    def create_project(self, **attributes: object) -> JSON:
        return self.post("/projects", {"project": attributes})["project"]

    def find_project_by_tag(self, tag: str) -> JSON | None:
        return next(iter(self.get("/projects", tags=tag)["projects"]), None)

    def find_project(self, project_id: str) -> JSON | None:
        return self.find(f"/projects/{project_id}", "project")

    def projects(self, **filters: Any) -> list[JSON]:
        """All projects of the cloud, or those of a `domain_id`, in one answer."""
        found: list[JSON] = self.get("/projects", **filters)["projects"]
        return found

    def set_tags(self, project_id: str, tags: list[str]) -> None:
        """These tags and no others."""
        self.put(f"/projects/{project_id}/tags", {"tags": tags})

    def update_project(self, project_id: str, **attributes: object) -> JSON:
        # without the id, Keystone fails (KeyError) instead of saying that a name is taken
        body = {"project": {"id": project_id, **attributes}}
        return self.call("PATCH", f"/projects/{project_id}", json=body)["project"]

    def delete_project(self, project_id: str) -> None:
        self.delete(f"/projects/{project_id}")

    def domain_id(self, name_or_id: str) -> str:
        """The id of a domain given as name or id; `default` is looked up by nobody."""
        if name_or_id.lower() == "default":
            return "default"
        found = next(iter(self.get("/domains", name=name_or_id)["domains"]), None)
        return str(found["id"]) if found else name_or_id

    def create_user(self, **attributes: object) -> JSON:
        return self.post("/users", {"user": attributes})["user"]

    def find_user(self, name: str, domain_id: str) -> JSON | None:
        return next(iter(self.get("/users", name=name, domain_id=domain_id)["users"]), None)

    def users(self, **filters: Any) -> list[JSON]:
        """All users, or those of a `domain_id`, in one answer."""
        return self.get("/users", **filters)["users"]

    def set_password(self, user_id: str, password: str) -> None:
        """Give a user a new password; for administrators, who need not know the old one."""
        self.call("PATCH", f"/users/{user_id}", json={"user": {"password": password}})

    def delete_user(self, user_id: str) -> None:
        self.delete(f"/users/{user_id}")

    def own_user_id(self) -> str:
        """Who we are; signs in when that has not happened yet."""
        with self.guarded("Keystone"):
            return str(self.adapter.get_user_id())

    def own_project_id(self) -> str:
        """For which project we speak."""
        with self.guarded("Keystone"):
            return str(self.adapter.get_project_id())

    def roles(self) -> dict[str, str]:
        """Role ids by name."""
        return {role["name"]: role["id"] for role in self.get("/roles")["roles"]}

    def grant_role(self, project_id: str, user_id: str, role_id: str) -> None:
        """Idempotent: granting again is granted."""
        self.put(f"/projects/{project_id}/users/{user_id}/roles/{role_id}")

    def roles_of(self, project_id: str, user_id: str) -> set[str]:
        """The ids of the roles that the user himself has on the project."""
        return {role["id"] for role in self.get(f"/projects/{project_id}/users/{user_id}/roles")["roles"]}

    def revoke_role(self, project_id: str, user_id: str, role_id: str) -> None:
        """What is revoked already was to be revoked."""
        self.delete(f"/projects/{project_id}/users/{user_id}/roles/{role_id}")

    def assignments(self) -> list[JSON]:
        """Who has which role where, in one answer; `scope`, `user` and `role` hold ids."""
        return self.get("/role_assignments")["role_assignments"]
