"""What others have made in the cloud of an estate: a project with a network, a server and volumes."""

from dataclasses import dataclass
from typing import Any

from tests.e2e.market import OFFERINGS, Market
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.models import Offering
from waldur_openstack.cloud import Cloud, Credentials
from waldur_openstack.models import Tenant

QUOTAS = {"compute": {"cores": 12, "ram": 24576}, "block_storage": {"gigabytes": 200}}


@dataclass
class Abroad:
    """A project that was made by hand. `cloud` is the administrator in it."""

    admin: Cloud
    id: str

    @property
    def cloud(self) -> Cloud:
        return self.admin.in_project(self.id)

    def add_volume(self, name: str = "by hand", **attributes: Any) -> str:
        return str(self.cloud.block_storage.create_volume(name=name, size=2, **attributes)["id"])

    def add_server(self, name: str = "old server", **attributes: Any) -> str:
        cloud = self.cloud
        network = cloud.network.first("network", project_id=self.id) or self.add_network()
        body = {
            "name": name,
            "flavorRef": next(flavor["id"] for flavor in cloud.compute.flavors() if flavor["name"] == "m1.tiny"),
            "imageRef": next(image["id"] for image in cloud.image.images() if image["name"] == "cirros"),
            "networks": [{"uuid": network["id"]}],
            **attributes,
        }
        return str(cloud.compute.create_server(body)["id"])

    def add_network(self, name: str = "old network") -> dict[str, Any]:
        network = self.cloud.network.create("network", name=name)
        self.cloud.network.create("subnet", name=name, network_id=network["id"], cidr="10.7.0.0/24", ip_version=4)
        return network


def administrator(market: Market) -> Cloud:
    connection = market.connection()
    return Cloud(
        Credentials(
            connection["backend_url"],
            connection["username"],
            connection["password"],
            project_name=connection["tenant_name"],
        )
    )


def project_by_hand(market: Market, name: str = "old project", **attributes: Any) -> Abroad:
    """With quotas of its own; the administrator may work in it only while it is filled."""
    admin = administrator(market)
    project = admin.identity.create_project(name=name, domain_id="default", **attributes)
    admin.identity.grant_role(project["id"], admin.identity.own_user_id(), admin.identity.roles()["admin"])
    for service, limits in QUOTAS.items():
        getattr(admin, service).set_quotas(project["id"], limits)
    return Abroad(admin, project["id"])


def inside(tenant: Tenant) -> Abroad:
    """By hand, in a tenant of ours."""
    return Abroad(Cloud.of(tenant.service_settings), tenant.backend_id)


def offering_path(offering: Offering | str, action: str) -> str:
    uuid = offering if isinstance(offering, str) else offering.uuid.hex
    return f"{OFFERINGS}{uuid}/{action}/"


def own_project(market: Market) -> Project:
    """A project of the provider."""
    return Project.objects.get_or_create(name="In house", customer=market.provider)[0]
