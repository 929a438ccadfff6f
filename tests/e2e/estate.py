"""A customer's estate on the marketplace: a tenant, a running server with two volumes, and a volume of its own."""

from typing import Any, Self

from tests.drive import drain
from tests.e2e.market import RESOURCES, Market
from tests.factories import client_of
from twins.openstack.client import Objects
from waldur_core.operations.models import Operation
from waldur_core.quotas.models import Quota
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_openstack import models


class Estate(Market):
    """What stands is looked up afresh each time, for tests change it."""

    url = "http://testserver"

    def build(self) -> Self:
        self.publish()
        tenant = self.build_tenant()
        self.build_server(tenant)
        self.build_volume(tenant)
        return self

    @property
    def tenant(self) -> models.Tenant:
        return models.Tenant.objects.select_related("service_settings").get(name="genome")

    @property
    def server(self) -> models.Instance:
        return models.Instance.objects.get(name="sequencer")

    @property
    def volume(self) -> models.Volume:
        return models.Volume.objects.get(name="dataset")

    def resource_of(self, scope: Any) -> Resource:
        return Resource.objects.get(scope_uuid=scope.uuid)

    def inside(self, kind: str, **attributes: Any) -> dict[str, Any]:
        """The body of an order for a server or a volume in the tenant."""
        return {
            "offering": self.private_offering(self.tenant, kind)["url"],
            "project": self.link("projects", self.project),
            "attributes": self.server_attributes(self.tenant, **attributes)
            if kind == "Instance"
            else {"name": "another", "size": 2048, **attributes},
        }

    def act(self, obj: Any, action: str, body: Any = None, **as_whom: Any) -> Any:
        """POST an action of a resource, or of an object in the cloud."""
        kind = f"openstack-{obj._meta.model_name}s" if not isinstance(obj, Resource) else RESOURCES.split("/")[2]
        user = as_whom.get("user", self.owner)
        return client_of(user).post(f"/api/{kind}/{obj.uuid.hex}/{action}/", body)

    def cloud_delete(self, obj: Any) -> None:
        """Delete an object at its own endpoint, without an order, as staff."""
        path = f"/api/openstack-{obj._meta.model_name}s/{obj.uuid.hex}/"
        assert client_of(self.staff).delete(path).status_code == 204
        drain()

    def left(self, baseline: Objects) -> set[str]:
        """Names of what exists in the cloud since then, but for a project's own default group, which Neutron makes when
        it is first asked."""
        standing = {project["id"] for project in baseline["projects"]}
        return {
            f"{kind} {item['name']}"
            for kind, items in self.cloud.leftovers(baseline).items()
            for item in items
            if not (kind.startswith("security_group") and item["project_id"] in standing)
        }

    def traces(self) -> dict[str, int]:
        """How much there is of everything, here and in the cloud: the same before and after a refusal."""
        kinds = (
            Offering, Order, Resource, Operation, models.Tenant, models.Instance, models.Volume, models.Port,
            models.FloatingIP, models.Network, models.SecurityGroup,
        )  # fmt: skip
        rows = {kind.__name__: kind._default_manager.count() for kind in kinds}
        usage = sum(Quota.objects.values_list("usage", flat=True))
        return {**rows, "quota usage": usage, "changes in the cloud": changes(self)}


def changes(market: Market) -> int:
    """How many calls have changed something in the cloud; signing in is no change."""
    return sum(call["changed"] for call in market.cloud.calls() if call["service"] != "identity")
