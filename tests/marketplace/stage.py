"""A marketplace to test on: a provider and its offerings, and a plug-in whose scope is a plain row."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from rest_framework.exceptions import ValidationError

from tests.factories import Cast, client_of, make_project
from waldur_core.rest.errors import Conflict
from waldur_core.structure.models import Project, ServiceSettings
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Category, Offering, Order, Plan, Resource, ServiceProvider
from waldur_mastermind.marketplace.plugins import BuiltinComponent, OfferingPlugin, OrderRequest, register

MACHINE = "Test.Machine"
BASIC = "Marketplace.Basic"


class MachinePlugin(OfferingPlugin):
    """Sells machines: a row stands for each, and the test says when it is made."""

    type = MACHINE
    components = (
        BuiltinComponent("cores", "Cores", "cores", min_value=1, max_value=64),
        BuiltinComponent("ram", "RAM", "GB", unit_factor=1024),
    )
    secret_attributes = frozenset({"user_password"})

    def validate_offering(self, offering: Offering, service_attributes: Mapping[str, Any]) -> None:
        if service_attributes.get("backend_url") == "nowhere":
            raise ValidationError({"service_attributes": ["backend_url: there is nothing there."]})

    def validate_create(self, order_request: OrderRequest) -> None:
        if order_request.attributes.get("flavor") == "unknown":
            raise ValidationError({"attributes": ["flavor: there is no such flavor."]})

    def create(self, order: Order) -> Model | None:
        machine = ServiceSettings.objects.create(name=order.attributes.get("name", ""), type=MACHINE)
        if order.attributes.get("flavor") == "sold out":
            raise ValidationError({"flavor": ["It is sold out."]})
        return machine

    def update(self, order: Order) -> bool:
        if order.limits.get("cores") == 13:
            raise Conflict("Thirteen cores do not fit.")
        return True

    def check_terminate(self, resource: Resource, attributes: Mapping[str, Any]) -> None:
        machine: Any = resource.scope
        if machine and machine.description == "in use" and attributes.get("action") != "force_destroy":
            raise Conflict("The machine is in use.")

    def available_actions(self, resource: Resource) -> list[str]:
        return ["start"] if resource.scope else []

    def serialize_scope(self, resource: Resource, request: Any) -> dict[str, Any] | None:
        machine: Any = resource.scope
        return {"name": machine.name} if machine else None


class RoomPlugin(OfferingPlugin):
    """Sells rooms in a building: no plans, no limits."""

    type = "Test.Room"
    needs_plan = False


register(MachinePlugin(), {"structure.servicesettings": "servicesettings-detail"})
register(RoomPlugin())


class Stage(Cast):
    """The cast, and what they trade."""

    def __init__(self) -> None:
        super().__init__()
        ServiceProvider.objects.create(customer=self.provider)
        self.category = Category.objects.create(title="Machines")
        self.offering = self.make_offering("Shared machines")
        self.plan = self.offering.plans.get()
        self.basic = self.make_offering("Handmade things", type=BASIC)

    def make_offering(self, name: str, **fields: Any) -> Offering:
        """An Active offering with one plan."""
        columns = {"type": MACHINE, "customer": self.provider, "category": self.category, "state": "Active", **fields}
        return catalogue.create_offering(
            {"name": name, **columns}, integration={}, plans=[{"name": f"Plan of {name}", "prices": prices_of(columns)}]
        )

    def make_private_offering(self, project: Project | None = None, **fields: Any) -> Offering:
        """What stands in a customer's own project: no plans, at once for those who may."""
        project = project or self.project
        columns = {"customer": project.customer, "project": project, "category": self.category, "shared": False}
        columns |= {"type": "Test.Room", "state": "Active", "billable": False}
        return catalogue.create_offering({"name": "Rooms", **columns, **fields}, integration={})

    def make_resource(self, state: str = "OK", project: Project | None = None, **fields: Any) -> Resource:
        """A resource with a machine behind it, made by an order that is done."""
        offering = fields.pop("offering", self.offering)
        resource = Resource.objects.create(
            **{
                "name": "machine",
                "offering": offering,
                "plan": offering.plans.first(),
                "project": project or self.project,
                "limits": {"cores": 2, "ram": 2048},
                "scope": ServiceSettings.objects.create(name="machine", type=MACHINE),
                "state": state,
                **fields,
            }
        )
        Order.objects.create(
            type="Create",
            state="done",
            resource=resource,
            offering=offering,
            project=resource.project,
            plan=resource.plan,
            created_by=self.owner,
        )
        return resource

    def body(self, offering: Offering | None = None, **changes: Any) -> dict[str, Any]:
        """The body of an order that is right in all respects."""
        offering = offering or self.offering
        plan = offering.plans.first()
        body: dict[str, Any] = {
            "offering": f"http://testserver/api/marketplace-public-offerings/{offering.uuid.hex}/",
            "project": f"http://testserver/api/projects/{self.project.uuid.hex}/",
            "attributes": {"name": "machine", "user_password": "hush"},
        }
        if plan:
            body["plan"] = f"{body['offering']}plans/{plan.uuid.hex}/"
        if offering.type == MACHINE:
            body["limits"] = {"cores": 2, "ram": 2048}
        return {key: value for key, value in {**body, **changes}.items() if value is not None}

    def order(self, user: Any, offering: Offering | None = None, **changes: Any) -> Any:
        return client_of(user).post("/api/marketplace-orders/", self.body(offering, **changes))

    def placed(self, user: Any, offering: Offering | None = None, **changes: Any) -> Order:
        """The order of `user`, which must go through."""
        response = self.order(user, offering, **changes)
        assert response.status_code == 201, response.json()
        return Order.objects.get(uuid=response.json()["uuid"])

    def other_project(self) -> Project:
        return make_project(self.customer, "Other project")


def prices_of(columns: Mapping[str, Any]) -> dict[str, int]:
    return {"cores": 10, "ram": 4} if columns["type"] == MACHINE else {}


def post(user: Any, obj: Any, action: str, body: Any = None, view: str = "") -> Any:
    """POST an action of an object as a user."""
    return client_of(user).post(f"/api/{view or VIEWS[type(obj)]}/{obj.uuid.hex}/{action}/", body)


VIEWS: dict[type[Model], str] = {
    Offering: "marketplace-provider-offerings",
    Plan: "marketplace-plans",
    Order: "marketplace-orders",
    Resource: "marketplace-resources",
}
