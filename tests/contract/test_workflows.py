"""The life of a tenant and of its server through the real engine, on both clouds, with nothing left behind."""

from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.stage import RUN, Site, unique
from tests.drive import drain
from tests.factories import Cast, make_customer
from tests.openstack.orders import (
    build_instance,
    build_tenant,
    build_volume,
    operation_of,
    order_deletion,
    order_instance,
)
from waldur_core.operations.errors import ErrorCode
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.operations.workflow import UpdateWorkflow
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.audit import audit
from waldur_openstack.cloud.network import COLLECTIONS
from waldur_openstack.models import FloatingIP, Instance, Tenant
from waldur_openstack.workflows.compute import RestartInstance, StartInstance, StopInstance
from waldur_openstack.workflows.connection import CheckConnection
from waldur_openstack.workflows.quotas import PushQuotas

Inventory = set[tuple[str, str]]


def connect(site: Site) -> ServiceSettings:
    known = site.admin.credentials
    return ServiceSettings.objects.create(
        name=f"The {site.name}",
        type="OpenStack",
        customer=make_customer("Cloud provider"),
        shared=True,
        state=CoreState.OK,
        secret_options={
            "backend_url": known.auth_url,
            "username": known.username,
            "password": known.password,
            "domain": known.domain,
            "tenant_name": known.project_name,
            "external_network_id": site.external_network_id,
        },
    )


def inventory(site: Site) -> Inventory:
    """Everything in the cloud that is not certainly of somebody else: (kind, id)."""
    admin = site.admin
    projects, users = admin.identity.get("/projects")["projects"], admin.identity.get("/users")["users"]
    own = admin.compute.adapter.get_project_id()
    others = {item["id"] for item in projects if RUN not in item["name"] and item["id"] != own}
    listings: dict[str, list[Any]] = {
        **{kind: admin.network.list(kind) for kind in COLLECTIONS},
        "server": list(admin.compute.pages("/servers/detail", "servers", all_tenants=1)),
        "volume": list(admin.block_storage.pages("/volumes/detail", "volumes", all_tenants=1)),
        "snapshot": list(admin.block_storage.pages("/snapshots/detail", "snapshots", all_tenants=1)),
    }
    found = {
        (kind, item["id"])
        for kind, items in listings.items()
        for item in items
        if (item.get("project_id") or item.get("tenant_id") or item.get("os-vol-tenant-attr:tenant_id")) not in others
    }
    found |= {("project", item["id"]) for item in projects} | {("user", item["id"]) for item in users}
    return found | {("keypair", item["name"]) for item in admin.compute.keypairs()}


def remove_tenant(site: Site, tenant: Tenant) -> None:
    """What the workflows should have removed, when a test has ended early."""
    identity = site.admin.identity
    for user in identity.get("/users", name=tenant.user_username)["users"]:
        identity.delete_user(user["id"])
    for project in identity.get("/projects", name=tenant.name)["projects"]:
        site.remove_project(project["id"])


def run(workflow: type[UpdateWorkflow], subject: Any, cast: Cast, **parameters: Any) -> None:
    start(workflow, subject, user=cast.owner, parameters=parameters)
    drain()
    subject.refresh_from_db()
    assert operation_of(subject).state == Operation.State.DONE, subject.error_message


def live_as_a_server(site: Site, tenant: Tenant, cast: Cast) -> None:
    instance = build_instance(tenant, cast.owner, name=unique("server"))
    assert instance.runtime_state == "ACTIVE"
    assert instance.start_time
    assert instance.hypervisor_hostname
    assert {volume.runtime_state for volume in instance.volumes.all()} == {"in-use"}
    assert [port.status for port in instance.ports.all()] == ["ACTIVE"]
    address = FloatingIP.objects.get(port__instance=instance)
    found = site.admin.network.show("floatingip", address.backend_id)
    assert found
    assert (found["floating_ip_address"], found["status"]) == (address.address, "ACTIVE")
    for workflow, goal in ((StopInstance, "SHUTOFF"), (StartInstance, "ACTIVE"), (RestartInstance, "ACTIVE")):
        run(workflow, instance, cast)
        assert instance.runtime_state == goal
    assert not [
        str(finding) for finding in audit(tenant.service_settings).findings if finding.tenant == tenant.uuid.hex
    ]
    assert "token" in site.admin.in_project(tenant.backend_id).compute.console(instance.backend_id)
    order_deletion(instance, cast.owner)
    drain()
    assert not Instance.objects.filter(pk=instance.pk).exists(), operation_of(instance).error_message


def be_refused_by_the_quota(site: Site, tenant: Tenant, cast: Cast) -> None:
    before = inventory(site)
    site.admin.compute.set_quotas(tenant.backend_id, {"instances": 0})
    instance = order_instance(tenant, cast.owner, name=unique("server"))
    drain()
    operation = operation_of(instance)
    assert (operation.state, operation.error_code) == (Operation.State.ERRED, ErrorCode.QUOTA)
    assert "instances" in operation.error_message
    assert inventory(site) == before


@pytest.mark.slow
def test_a_tenant_lives_and_leaves_nothing_behind(db: None, site: Site, cast: Cast, later: ExitStack) -> None:
    before, service = inventory(site), connect(site)
    known = set(map(str, audit(service).findings))  # others may have left something in a real cloud
    run(CheckConnection, service, cast)
    tenant = build_tenant(service, cast.project, cast.owner, name=unique("tenant"))
    later.callback(remove_tenant, site, tenant)
    project_id = tenant.backend_id
    network = site.admin.network.show("network", tenant.internal_network_id)
    assert network and network["project_id"] == project_id
    run(PushQuotas, tenant, cast, quotas={"vcpu": 7, "storage": 20 * 1024, "network_count": 3})
    for gateway, name, limit in (
        ("compute", "cores", 7),
        ("block_storage", "gigabytes", 20),
        ("network", "network", 3),
    ):
        assert getattr(site.admin, gateway).quotas(project_id)[name]["limit"] == limit

    live_as_a_server(site, tenant, cast)
    assert set(map(str, audit(service).findings)) <= known
    volume = build_volume(tenant, cast.owner, name=unique("volume"))
    assert volume.runtime_state == "available"
    order_deletion(volume, cast.owner)
    drain()
    assert operation_of(volume).state == Operation.State.DONE
    be_refused_by_the_quota(site, tenant, cast)

    order_deletion(tenant, cast.owner)
    drain()
    assert not Tenant.objects.filter(pk=tenant.pk).exists(), operation_of(tenant).error_message
    assert inventory(site) == before
    assert set(map(str, audit(service).findings)) <= known
    for gateway, name in (("block_storage", "gigabytes"), ("network", "network")):
        limits = [getattr(site.admin, gateway).quotas(key)[name]["limit"] for key in (project_id, "0" * 32)]
        assert limits[0] == limits[1], "the project's own limits outlive it"
