"""Deleting a tenant with all that is, or is being made, inside it."""

from tests.drive import drain
from tests.factories import Cast
from tests.openstack.orders import operation_of, order_deletion, order_instance
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Tenant

State = Operation.State


def test_a_tenant_goes_with_all_its_contents(cast: Cast, twin: TwinClient, instance: Instance) -> None:
    tenant = instance.tenant

    order_deletion(tenant, cast.owner)
    drain()

    assert operation_of(tenant).state == State.DONE
    assert not Tenant.objects.exists()
    assert not Instance.objects.exists()
    assert [project["name"] for project in twin.objects("projects")["projects"]] == ["admin"]
    for kind in ("servers", "volumes", "ports", "routers", "floatingips"):
        assert not twin.objects(kind).get(kind)


def test_it_waits_for_what_is_being_made_inside(cast: Cast, twin: TwinClient, tenant: Tenant) -> None:
    server = order_instance(tenant, cast.owner)
    deletion = order_deletion(tenant, cast.owner)

    Runner().advance(deletion.uuid.hex)
    deletion.refresh_from_db()
    assert (deletion.state, deletion.phase, deletion.cursor) == (State.RUNNING, Operation.Phase.WAITING, 0)

    drain()
    assert operation_of(server).state == State.DONE
    assert operation_of(tenant).state == State.DONE
    assert not twin.objects("servers").get("servers")


def test_a_project_that_lost_its_tag_is_deleted_all_the_same(cast: Cast, twin: TwinClient, tenant: Tenant) -> None:
    """It is known by its id."""
    admin = Cloud.of(tenant.service_settings).identity
    admin.call("PUT", f"/projects/{tenant.backend_id}/tags", json={"tags": []})

    order_deletion(tenant, cast.owner)
    drain()

    assert not Tenant.objects.exists()
    assert [project["name"] for project in twin.objects("projects")["projects"]] == ["admin"]


def test_a_tenant_whose_project_is_gone_is_deleted_from_our_books(cast: Cast, twin: TwinClient, tenant: Tenant) -> None:
    Cloud.of(tenant.service_settings).identity.delete_project(tenant.backend_id)

    order_deletion(tenant, cast.owner)
    drain()

    assert operation_of(tenant).state == State.DONE
    assert not Tenant.objects.exists()
