"""Servers and volumes of a tenant that have no rows, and how one of them gets its row: only by reading."""

from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from waldur_core.rest.errors import Conflict
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.sync.arrivals import strangers
from waldur_openstack.sync.block_storage import VOLUME, server_of
from waldur_openstack.sync.compute import INSTANCE
from waldur_openstack.sync.kinds import Kind, Look
from waldur_openstack.sync.network import FLOATING_IP, PORT
from waldur_openstack.sync.orphans import PASSING
from waldur_openstack.sync.reconcile import look, reconcile
from waldur_openstack.sync.scope import Scope


def importable_objects(kind: Kind, tenant: Tenant, cloud: Cloud) -> list[JSON]:
    """What the tenant has and we do not, by name. Raises OperationError."""
    found = [item for item in kind.listing(cloud, tenant.backend_id) if item["status"] not in PASSING]
    return sorted(unknown(kind, tenant, found), key=lambda item: str(item.get("name") or item["id"]))


def unknown(kind: Kind, tenant: Tenant, found: list[JSON]) -> list[JSON]:
    """Those that have no row."""
    return strangers(kind, Scope.of(tenant), found, {item["id"]: tenant for item in found}, Look([], found))


def find_importable(kind: Kind, tenant: Tenant, cloud: Cloud, backend_id: str) -> JSON:
    """Look at one; 400 when it cannot be imported into this tenant."""
    found = kind.show(cloud, backend_id)
    if found is None or owner_of(found) != tenant.backend_id:
        raise ValidationError({"backend_id": [f"The tenant has no such {kind.title} in the cloud."]})
    if not unknown(kind, tenant, [found]):
        raise ValidationError({"backend_id": [f"This {kind.title} is known already."]})
    if found["status"] in PASSING:
        raise ValidationError({"backend_id": [f"The {kind.title} is {found['status']} at present. Try again later."]})
    return found


def owner_of(found: JSON) -> str:
    """The id of the project that an object of Nova or Cinder is in; the service account sees those of all."""
    for key in ("tenant_id", "os-vol-tenant-attr:tenant_id", "os-extended-snapshot-attributes:project_id"):
        if key in found:
            return str(found[key])
    return ""


def look_at_instance(tenant: Tenant, cloud: Cloud, backend_id: str) -> list[tuple[Kind, Look]]:
    """The server, then what hangs on it: volumes become rows too, ports and addresses find their server."""
    server = find_importable(INSTANCE, tenant, cloud, backend_id)
    volumes = look(VOLUME, tenant, cloud)
    attached = tuple(item for item in volumes.found if server_of(item) == backend_id)
    return [
        (INSTANCE, Look([], [server], complete=False, adopted=(server,))),
        (VOLUME, Look(volumes.rows, volumes.found, adopted=attached, moment=volumes.moment)),
        (PORT, look(PORT, tenant, cloud)),
        (FLOATING_IP, look(FLOATING_IP, tenant, cloud)),
    ]


def look_at_volume(tenant: Tenant, cloud: Cloud, backend_id: str) -> list[tuple[Kind, Look]]:
    volume = find_importable(VOLUME, tenant, cloud, backend_id)
    return [(VOLUME, Look([], [volume], complete=False, adopted=(volume,)))]


@transaction.atomic
def take(tenant: Tenant, seen: list[tuple[Kind, Look]], backend_id: str) -> Any:
    """Write what was seen; returns the row of the imported object. 409 when something is in the way just now."""
    for kind, found in seen:
        reconcile(kind, tenant, found)
    kind = seen[0][0]
    row = kind.model._default_manager.filter(tenant=tenant, backend_id=backend_id).first()
    if row is None:
        raise Conflict("Something of the project is being removed, or the object has just been imported. Try again.")
    return row
