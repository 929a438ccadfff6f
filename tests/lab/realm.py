"""A domain of our own in the real cloud: what a test does there, however wrongly, is nobody else's business."""

from contextlib import ExitStack
from typing import Any

import openstack

from tests.contract.stage import PASSWORD, Site, eventually, unique
from tests.e2e.estate import Estate
from twins.openstack import OpenStackTwin
from waldur_openstack.models import Tenant

SERVICE = "service"  # the project of our service account


class Realm:
    """A domain with a service account that administrates the cloud, as an operator would give us one."""

    def __init__(self, site: Site, later: ExitStack) -> None:
        self.site, self.identity, self.auth_url = site, site.admin.identity, site.admin.credentials.auth_url
        domain = self.identity.post("/domains", {"domain": {"name": unique("domain")}})["domain"]
        self.id, self.name = str(domain["id"]), str(domain["name"])
        later.callback(self.remove)
        project = self.identity.create_project(name=SERVICE, domain_id=self.id)
        user = self.identity.create_user(name=SERVICE, password=PASSWORD, domain_id=self.id)
        self.identity.grant_role(project["id"], user["id"], site.roles["admin"])

    def connection(self) -> dict[str, Any]:
        """What an offering has to know."""
        return {
            "backend_url": self.auth_url,
            "username": SERVICE,
            "password": PASSWORD,
            "tenant_name": SERVICE,
            "domain": self.name,
            "external_network_id": self.site.external_network_id,
        }

    def sdk(self, project_id: str) -> Any:
        """The cloud's administrator, at work in a project with openstacksdk."""
        admin = self.site.admin
        self.identity.grant_role(project_id, self.identity.own_user_id(), self.site.roles["admin"])
        known = admin.credentials
        connection = openstack.connect(
            auth_url=known.auth_url, username=known.username, password=known.password, project_id=project_id,
            user_domain_name="Default",
        )  # fmt: skip
        connection.compute.default_microversion = "2.79"
        return connection

    def new_project(self, **attributes: Any) -> str:
        return str(self.identity.create_project(name=unique("project"), domain_id=self.id, **attributes)["id"])

    def remove_project(self, project_id: str) -> None:
        """With all that is inside; one that is gone already is gone."""
        if self.identity.find_project(project_id):
            self.identity.grant_role(project_id, self.identity.own_user_id(), self.site.roles["admin"])
            self.site.remove_project(project_id)

    def remove_tenant(self, tenant: Tenant) -> None:
        self.remove_project(tenant.backend_id)
        self.remove_users(tenant.user_username)

    def remove_users(self, name: str) -> None:
        for user in self.identity.users(domain_id=self.id, name=name):
            self.identity.delete_user(user["id"])

    def remove(self) -> None:
        """The domain with all that is inside."""
        for project in self.identity.projects(domain_id=self.id):
            self.remove_project(project["id"])
        for user in self.identity.users(domain_id=self.id):
            self.identity.delete_user(user["id"])
        self.identity.call("PATCH", f"/domains/{self.id}", json={"domain": {"enabled": False}})
        self.identity.delete(f"/domains/{self.id}")


class RealEstate(Estate):
    """The customer's estate, in the realm. There is no twin behind it: what only twins can do fails."""

    twin: OpenStackTwin

    def __init__(self, realm: Realm) -> None:
        super().__init__(NoTwin())
        self.realm = realm

    def connection(self, **changes: Any) -> dict[str, Any]:
        attributes = {**self.realm.connection(), **changes}
        return {key: value for key, value in attributes.items() if value is not None}

    @property
    def sdk(self) -> Any:
        """The administrator in the tenant's project."""
        return self.realm.sdk(self.tenant.backend_id)


class NoTwin:
    client = None


def settled(get: Any, key: str, status: str) -> Any:
    """The object of openstacksdk once it has this status."""

    def look() -> Any:
        found = get(key)
        assert str(found.status).lower() in (status.lower(), "error") or not str(found.status).startswith("error")
        return found if str(found.status).lower() == status.lower() else None

    return eventually(look)
