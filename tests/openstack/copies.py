"""Making copies over HTTP, and looking at them in the cloud."""

from typing import Any

from tests.drive import drain
from tests.factories import client_of
from tests.openstack.actions import post
from waldur_core.structure.models import User
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.block_storage import BlockStorage
from waldur_openstack.models import Backup, Instance, Snapshot, Volume


def storage_of(obj: Any) -> BlockStorage:
    return Cloud.of(obj.service_settings).in_project(obj.tenant.backend_id).block_storage


def take_snapshot(user: User, volume: Volume, **body: Any) -> Snapshot:
    answer = post(user, volume, "snapshot", {"name": "snapshot", **body})
    assert answer.status_code == 201, answer.content
    return finished(Snapshot.objects.get(uuid=answer.json()["uuid"]))


def take_backup(user: User, instance: Instance, **body: Any) -> Backup:
    answer = post(user, instance, "backup", {"name": "backup", **body})
    assert answer.status_code == 200, answer.content
    return finished(Backup.objects.get(uuid=answer.json()["uuid"]))


def finished(obj: Any) -> Any:
    drain()
    obj.refresh_from_db()
    assert obj.state == "OK", obj.error_message
    return obj


def delete(user: User | None, url: str) -> Any:
    return client_of(user).delete(url)
