"""A provider with an offering per twin cloud, a customer, a project, people. Running it again changes nothing."""

import json
import os
import sys
from typing import Any

from demo.agent_offerings import make_agent_offerings

PEOPLE: tuple[tuple[str, str, dict[str, bool]], ...] = (
    ("Staff", "staff", {"is_staff": True}),
    ("Provider", "provider", {}),
    ("Customer owner", "owner", {}),
    ("Project manager", "manager", {}),
    ("Project member", "member", {}),
)
PASSWORD = "demo"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waldur_core.server.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    make_people()
    for cloud in json.loads(sys.argv[1]):
        make_offering(cloud)
    logins = [{"who": who, "username": name, "password": PASSWORD} for who, name, _ in PEOPLE]
    print(json.dumps({"logins": logins, "agent": make_agent_offerings()}))


def make_people() -> None:
    from waldur_core.structure.models import Customer, Project, User
    from waldur_mastermind.marketplace.models import Category, ServiceProvider

    users = {}
    for who, name, flags in PEOPLE:
        user, fresh = User.objects.get_or_create(username=name, defaults={"first_name": who, **flags})
        if fresh:
            user.set_password(PASSWORD)
            user.save()
        users[name] = user
    provider, _ = Customer.objects.get_or_create(name="Nordic Cloud")
    customer, _ = Customer.objects.get_or_create(name="University of Examples")
    project, _ = Project.objects.get_or_create(name="Genome analysis", customer=customer)
    ServiceProvider.objects.get_or_create(customer=provider)
    grant(users["provider"], "CUSTOMER.OWNER", provider)
    grant(users["owner"], "CUSTOMER.OWNER", customer)
    grant(users["manager"], "PROJECT.MANAGER", project)
    grant(users["member"], "PROJECT.MEMBER", project)
    for title, flags in (
        ("Private clouds", {}),
        ("Virtual machines", {"default_vm_category": True}),
        ("Storage", {"default_volume_category": True}),
    ):
        Category.objects.get_or_create(title=title, defaults=flags)


def grant(user: Any, role: str, scope: Any) -> None:
    from django.contrib.contenttypes.models import ContentType

    from waldur_core.permissions.models import Role, UserRole

    UserRole.objects.get_or_create(
        user=user,
        role=Role.objects.get(name=role),
        content_type=ContentType.objects.get_for_model(scope),
        object_id=scope.pk,
    )


def make_offering(cloud: dict[str, Any]) -> None:
    """An active offering for one twin; a twin that came back on another port is connected anew."""
    from waldur_core.structure.models import Customer
    from waldur_core.structure.states import CoreState
    from waldur_mastermind.marketplace import catalogue
    from waldur_mastermind.marketplace.models import Category, Offering

    integration = {
        "backend_url": cloud["auth_url"],
        "username": cloud["username"],
        "password": cloud["password"],
        "tenant_name": cloud["tenant_name"],
        "domain": "Default",
        "external_network_id": external_network_id(cloud["auth_url"]),
    }
    name = f"OpenStack {cloud['name'].title()}"
    offering = Offering.objects.filter(name=name).first()
    if offering is not None:
        catalogue.update_integration(offering, integration)
        return
    offering = catalogue.create_offering(
        {
            "name": name,
            "type": "OpenStack.Tenant",
            "customer": Customer.objects.get(name="Nordic Cloud"),
            "category": Category.objects.get(title="Private clouds"),
            "description": "A project of your own in our OpenStack.",
            "shared": True,
        },
        integration=integration,
        plans=[{"name": "Standard", "prices": {"cores": "5", "ram": "2", "storage": "0.1"}}],
    )
    run_connection_check()
    offering.refresh_from_db()
    connection: Any = offering.scope
    if connection.state != CoreState.OK:
        raise SystemExit(f"The twin cloud {cloud['name']} cannot be connected: {connection.error_message}")
    offering.enter(Offering.State.ACTIVE)


def run_connection_check() -> None:
    """The server with its worker is not up yet: do its work here."""
    from waldur_core.operations.models import Operation
    from waldur_core.operations.runner import Runner

    for operation in Operation.objects.filter(workflow__startswith="openstack.connection", state__in=Operation.LIVE):
        Runner().advance(operation.uuid.hex)


def external_network_id(auth_url: str) -> str:
    from twins.openstack import TwinClient

    return str(TwinClient(auth_url.removesuffix("/v3")).external_network_id)


if __name__ == "__main__":
    main()
