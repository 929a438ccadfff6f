"""Asking for actions over HTTP, and seeing that a refusal has changed nothing."""

from typing import Any

from tests.drive import drain
from tests.factories import client_of
from tests.openstack.orders import operation_of
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.models import User
from waldur_openstack.models import Instance, Tenant

KINDS = {
    "Instance": "instances",
    "Volume": "volumes",
    "Snapshot": "snapshots",
    "Backup": "backups",
    "SnapshotSchedule": "snapshot-schedules",
    "BackupSchedule": "backup-schedules",
    "ServerGroup": "server-groups",
}


def url_of(obj: Any, action: str = "") -> str:
    path = f"/api/openstack-{KINDS[type(obj).__name__]}/{obj.uuid.hex}/"
    return f"{path}{action}/" if action else path


def post(user: User | None, obj: Any, action: str, body: Any = None) -> Any:
    return client_of(user).post(url_of(obj, action), body or {}, format="json")


def succeed(user: User, obj: Any, action: str, body: Any = None) -> Any:
    """The action is accepted and done; returns the operation."""
    answer = post(user, obj, action, body)
    assert answer.status_code == 202, answer.content
    assert {"status", "detail", "operation"} <= answer.json().keys()
    drain()
    obj.refresh_from_db()
    operation = Operation.objects.latest("pk")
    assert operation.state == Operation.State.DONE, operation.error_message
    assert (obj.state, obj.action, obj.error_message) == ("OK", "", "")
    return operation


def refused(answer: Any, status: int, obj: Any, *, word: str = "") -> None:
    """The answer is a refusal that says why, and neither the row nor the list of operations has changed."""
    before = {field.attname: getattr(obj, field.attname) for field in obj._meta.concrete_fields}
    obj.refresh_from_db()
    assert {field.attname: getattr(obj, field.attname) for field in obj._meta.concrete_fields} == before
    assert answer.status_code == status, answer.content
    assert word in answer.content.decode()
    assert not Operation.objects.filter(state__in=Operation.LIVE).exists()


def failed(obj: Any) -> Operation:
    """The last operation on the object has failed, and the object says so."""
    drain()
    obj.refresh_from_db()
    operation = operation_of(obj)
    assert (operation.state, obj.state) == (Operation.State.ERRED, "ERRED")
    assert obj.error_message == operation.error_message != ""
    assert obj.action == ""
    return operation


def stop(user: User, instance: Instance) -> Instance:
    succeed(user, instance, "stop")
    assert instance.runtime_state == "SHUTOFF"
    return instance


def usages(tenant: Tenant) -> dict[str, int]:
    return dict(counters.quotas_of(tenant).values_list("name", "usage"))


def limit(tenant: Tenant, **limits: int) -> None:
    counters.set_limits(tenant, limits)
