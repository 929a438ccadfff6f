"""Changes made in the cloud behind our back, and asking for the pull that should find them."""

from typing import Any

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import operation_of
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Backup, Snapshot, Tenant, Volume

PATHS = {
    "Tenant": "tenants",
    "Instance": "instances",
    "Volume": "volumes",
    "Network": "networks",
    "SubNet": "subnets",
    "Router": "routers",
    "Port": "ports",
    "FloatingIP": "floating-ips",
    "SecurityGroup": "security-groups",
    "ServerGroup": "server-groups",
}


def path_of(obj: Any, action: str = "") -> str:
    path = f"/api/openstack-{PATHS[type(obj).__name__]}/{obj.uuid.hex}/"
    return f"{path}{action}/" if action else path


def cloud_of(tenant: Tenant) -> Cloud:
    """The tenant's project as the service account sees it."""
    return Cloud.of(tenant.service_settings).in_project(tenant.backend_id)


def ask(cast: Cast, obj: Any, action: str = "pull", user: Any = None, **body: Any) -> Any:
    return client_of(user or cast.admin).post(path_of(obj, action), body, format="json")


def pull(cast: Cast, obj: Any, action: str = "pull") -> Operation:
    """The pull is accepted and has ended, well or badly."""
    answer = ask(cast, obj, action)
    assert answer.status_code == 202, answer.content
    assert {"status", "detail", "operation"} <= answer.json().keys()
    drain()
    return operation_of(obj)


def pulled(cast: Cast, obj: Any, action: str = "pull") -> Any:
    """The pull is done; returns the object as it is now, None when its row has gone."""
    operation = pull(cast, obj, action)
    assert operation.state == Operation.State.DONE, operation.error_message + operation.error_traceback
    return type(obj).objects.filter(pk=obj.pk).first()


def add_rule(tenant: Tenant, group_id: str, **rule: Any) -> JSON:
    """A firewall rule, made by hand in the cloud."""
    rule = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "security_group_id": group_id, **rule}
    return cloud_of(tenant).network.create("security_group_rule", **rule)


def add_server_group(tenant: Tenant, name: str = "apart") -> JSON:
    body = {"server_group": {"name": name, "policies": ["anti-affinity"]}}
    made: JSON = cloud_of(tenant).compute.post("/os-server-groups", body)["server_group"]
    return made


def add_snapshot(volume: Volume, name: str = "snapshot") -> Snapshot:
    """One that exists in the cloud and has a row."""
    body = {"snapshot": {"volume_id": volume.backend_id, "name": name, "force": True}}
    made = cloud_of(volume.tenant).block_storage.post("/snapshots", body)["snapshot"]
    return Snapshot.objects.create(
        tenant=volume.tenant, name=name, size=volume.size, source_volume=volume, backend_id=made["id"], state="OK"
    )


def add_backup(instance: Any) -> Backup:
    """A backup with a snapshot of each volume."""
    backup = Backup.objects.create(tenant=instance.tenant, instance=instance, name="backup", state="OK")
    backup.snapshots.set([add_snapshot(volume, f"{volume.name} copy") for volume in instance.volumes.all()])
    return backup
