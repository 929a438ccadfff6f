"""Looking at a whole cloud, and clouds with many tenants."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_project
from twins.openstack import OpenStackTwin
from twins.openstack.population import ids_of, multiply
from waldur_core.events.models import Event
from waldur_core.quotas import counters
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import CloudSync, SyncCursor, SyncRun, Tenant
from waldur_openstack.quotas import DEFAULTS
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.tasks import synchronise_cloud

OWN = {model._meta.db_table for model in (CloudSync, SyncCursor, SyncRun)}


def synced(service_settings: ServiceSettings, kinds: Any = None, **options: Any) -> SyncRun:
    run = synchronise(service_settings, kinds, **options)
    assert (run.state, run.error) == ("done", "")
    return run


def looked_after(task: str) -> list[SyncRun]:
    """As when the message of the task has come to each cloud; the runs that tell of it."""
    for service in ServiceSettings.objects.filter(type="OpenStack").order_by("pk"):
        synchronise_cloud(service.uuid.hex, task)
    return list(SyncRun.objects.filter(task=task).order_by("pk"))


def told(word: str) -> list[str]:
    return sorted(Event.objects.filter(event_type=f"openstack_{word}").values_list("message", flat=True))


def statements(service_settings: ServiceSettings, **options: Any) -> tuple[int, list[str], SyncRun]:
    """Of one look: how many queries, and what was written apart from its own progress."""
    with CaptureQueriesContext(connection) as captured:
        run = synced(service_settings, **options)
    sql = [query["sql"] for query in captured]
    writes = [text for text in sql if text.startswith(("UPDATE", "INSERT", "DELETE"))]
    return len(sql), [text for text in writes if text.split('"')[1] not in OWN], run


def project_by_hand(service_settings: ServiceSettings, name: str = "by hand") -> str:
    """A project with a network, a port and a volume, made by an administrator."""
    admin = Cloud.of(service_settings)
    project = str(admin.identity.create_project(name=name, domain_id="default")["id"])
    admin.identity.grant_role(project, admin.identity.own_user_id(), admin.identity.roles()["admin"])
    cloud = admin.in_project(project)
    network = cloud.network.create("network", name="net")
    cloud.network.create("subnet", name="sub", network_id=network["id"], cidr="10.7.0.0/24", ip_version=4)
    cloud.network.create("port", name="port", network_id=network["id"])
    cloud.block_storage.create_volume(name="volume", size=2)
    return project


def crowd(service_settings: ServiceSettings, running_twin: OpenStackTwin, tenants: int) -> list[Tenant]:
    """So many equal tenants, known to us and in the cloud; what is in them is not known yet."""
    assert running_twin.cloud
    running_twin.cloud.clock.offset = -3600.0  # they have been there for a while
    before = ids_of(running_twin.cloud.state)
    project = project_by_hand(service_settings, f"crowd-{len(before)}")
    running_twin.cloud.advance()
    projects = [project, *multiply(running_twin.cloud.state, before, project, tenants - 1)]
    running_twin.cloud.clock.offset = 0.0
    owner = make_project()
    return [adopt(service_settings, project, owner) for project in projects]


def adopt(service_settings: ServiceSettings, project: str, owner: Any = None) -> Tenant:
    """A row for a project of the cloud, as an import makes it."""
    name = Cloud.of(service_settings).identity.find_project(project) or {"name": "gone"}
    tenant = Tenant.objects.create(
        name=name["name"],
        project=owner or make_project(),
        service_settings=service_settings,
        backend_id=project,
        state="OK",
    )
    counters.set_limits(tenant, DEFAULTS)
    return tenant
