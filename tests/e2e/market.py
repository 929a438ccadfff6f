"""A marketplace in business: people, a provider's offering on a simulated cloud, and what they ask for over REST."""

from typing import Any, Self, cast

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import key_of
from twins.openstack import OpenStackTwin
from waldur_core.structure.models import User
from waldur_mastermind.marketplace.models import Category, Order, Resource, ServiceProvider
from waldur_openstack.models import Flavor, Image, SecurityGroup, SubNet, Tenant

ORDERS = "/api/marketplace-orders/"
RESOURCES = "/api/marketplace-resources/"
OFFERINGS = "/api/marketplace-provider-offerings/"
PUBLIC = "/api/marketplace-public-offerings/"
LIMITS = {"cores": 8, "ram": 16384, "storage": 102400}


class Market(Cast):
    """Everything below is asked for as a program would ask: HTTP in, JSON out."""

    offering: dict[str, Any]

    def __init__(self, twin: OpenStackTwin) -> None:
        super().__init__()
        self.twin, self.cloud = twin, twin.client
        ServiceProvider.objects.create(customer=self.provider)
        self.clouds = Category.objects.create(title="Private clouds")
        Category.objects.create(title="Virtual machines", default_vm_category=True)
        Category.objects.create(title="Storage", default_volume_category=True)

    def at(self, twin: OpenStackTwin) -> Self:
        """The same on this twin: what is remembered of a market leaves its cloud out."""
        self.twin, self.cloud = twin, twin.client
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("twin", "cloud")}

    # asking --------------------------------------------------------------------------------------------------------

    def get(self, user: User, path: str, **params: Any) -> Any:
        """The JSON at `path`, which must be there."""
        response = client_of(user).get(path, params)
        assert response.status_code == 200, response.content
        return response.json()

    def post(self, user: User, path: str, body: Any = None) -> Any:
        return client_of(user).post(path, body)

    def done(self, response: Any, status: int = 201) -> Any:
        assert response.status_code == status, response.content
        return response.json()

    def link(self, kind: str, obj: Any) -> str:
        return f"http://testserver/api/{kind}/{obj.uuid.hex}/"

    # the offering --------------------------------------------------------------------------------------------------

    def connection(self, **changes: Any) -> dict[str, Any]:
        """How to reach the twin; a change to None leaves the key out."""
        attributes = {
            "backend_url": self.twin.auth_url,
            "username": "admin",
            "password": self.twin.settings.admin_password,
            "tenant_name": "admin",
            "domain": "Default",
            "external_network_id": self.cloud.external_network_id,
            **changes,
        }
        return {key: value for key, value in attributes.items() if value is not None}

    def offering_body(self, **changes: Any) -> dict[str, Any]:
        return {
            "name": "Cloud",
            "type": "OpenStack.Tenant",
            "customer": self.link("customers", self.provider),
            "category": self.link("marketplace-categories", self.clouds),
            "plans": [{"name": "Standard", "prices": {"cores": "5", "ram": "2", "storage": "0.1"}}],
            "shared": True,
            "service_attributes": self.connection(),
            **changes,
        }

    def draft(self, **changes: Any) -> dict[str, Any]:
        """An offering whose connection has been checked."""
        made: dict[str, Any] = self.done(self.post(self.provider_owner, OFFERINGS, self.offering_body(**changes)))
        drain()
        return made

    def publish(self, **changes: Any) -> dict[str, Any]:
        """An offering on sale, as customers see it."""
        uuid = self.draft(**changes)["uuid"]
        self.done(self.post(self.provider_owner, f"{OFFERINGS}{uuid}/activate/"), 200)
        self.offering = self.get(self.owner, f"{PUBLIC}{uuid}/")
        return self.offering

    # orders --------------------------------------------------------------------------------------------------------

    def tenant_order(self, **changes: Any) -> dict[str, Any]:
        """The body of an order for a tenant; `attributes` and `limits` are replaced as a whole."""
        body = {
            "offering": self.offering["url"],
            "project": self.link("projects", self.project),
            "plan": self.offering["plans"][0]["url"],
            "attributes": {"name": "genome"},
            "limits": LIMITS,
            **changes,
        }
        return {key: value for key, value in body.items() if value is not None}

    def order_tenant(self, user: User | None = None, **changes: Any) -> Order:
        """An order for a tenant that has been placed, but not executed."""
        return self.order(user or self.owner, self.tenant_order(**changes))

    def order(self, user: User, body: dict[str, Any]) -> Order:
        return Order.objects.get(uuid=self.done(self.post(user, ORDERS, body))["uuid"])

    def build_tenant(self, **changes: Any) -> Tenant:
        return cast(Tenant, self.executed(self.order_tenant(**changes)).resource.scope)

    def executed(self, order: Order) -> Order:
        """The order when all work is done, which went well."""
        drain()
        order = Order.objects.select_related("resource").get(pk=order.pk)
        assert order.state == "done", order.error_message + order.error_traceback
        return order

    def private_offering(self, tenant: Tenant, kind: str, user: User | None = None) -> dict[str, Any]:
        (found,) = self.get(user or self.owner, PUBLIC, scope_uuid=tenant.uuid.hex, type=f"OpenStack.{kind}")
        return dict(found)

    def server_attributes(self, tenant: Tenant, user: User | None = None, **changes: Any) -> dict[str, Any]:
        service = tenant.service_settings
        subnet = self.link("openstack-subnets", SubNet.objects.filter(tenant=tenant).earliest("pk"))
        attributes = {
            "name": "sequencer",
            "flavor": self.link("openstack-flavors", Flavor.objects.get(settings=service, name="m1.tiny")),
            "image": self.link("openstack-images", Image.objects.get(settings=service, name="cirros")),
            "system_volume_size": 2048,
            "data_volume_size": 1024,
            "ports": [{"subnet": subnet}],
            "floating_ips": [{"subnet": subnet}],
            "security_groups": [
                {"url": self.link("openstack-security-groups", SecurityGroup.objects.get(tenant=tenant, name="ssh"))}
            ],
            "ssh_public_key": self.link("keys", key_of(user or self.owner)),
            **changes,
        }
        return {key: value for key, value in attributes.items() if value is not None}

    def order_inside(self, tenant: Tenant, kind: str, user: User | None = None, **attributes: Any) -> Order:
        """An order for a server or a volume in the tenant."""
        user = user or self.owner
        if kind == "Instance":
            attributes = self.server_attributes(tenant, user, **attributes)
        else:
            attributes = {"name": "dataset", "size": 2048, **attributes}
        return self.order(
            user,
            {
                "offering": self.private_offering(tenant, kind, user)["url"],
                "project": self.link("projects", self.project),
                "attributes": attributes,
            },
        )

    def build_server(self, tenant: Tenant, **attributes: Any) -> Resource:
        return self.executed(self.order_inside(tenant, "Instance", **attributes)).resource

    def build_volume(self, tenant: Tenant, **attributes: Any) -> Resource:
        return self.executed(self.order_inside(tenant, "Volume", **attributes)).resource

    def ask_to_terminate(self, resource: Resource, user: User | None = None, **attributes: Any) -> Any:
        path = f"{RESOURCES}{resource.uuid.hex}/terminate/"
        return self.post(user or self.owner, path, {"attributes": attributes} if attributes else None)

    def terminate(self, resource: Resource, user: User | None = None, **attributes: Any) -> Resource:
        """The resource when it has been terminated."""
        uuid = self.done(self.ask_to_terminate(resource, user, **attributes), 200)["order_uuid"]
        return self.executed(Order.objects.get(uuid=uuid)).resource
