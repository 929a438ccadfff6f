"""Reading one object of a cloud because somebody has hinted that it has changed."""

from django.db import transaction
from django.utils import timezone

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.sync.following import AT_REST
from waldur_openstack.sync.kinds import Kind, Look
from waldur_openstack.sync.orphans import orphans_in
from waldur_openstack.sync.reconcile import Outcome, settle
from waldur_openstack.sync.scope import Scope


def read(kind: Kind, service_settings: ServiceSettings, backend_id: str) -> Outcome:
    """Make our row of the object say what the cloud says of it now; one call to the cloud.

    An unknown object of a tenant of ours becomes a row as it would in a cycle; a row whose object the cloud does not
    know is let go of. What belongs to nobody here is ignored. Raises OperationError when the cloud does not answer.
    """
    moment = timezone.now()
    found = kind.show(Cloud.of(service_settings), backend_id)
    if found is None:
        owners = kind.model._default_manager.filter(service_settings=service_settings, backend_id=backend_id)
        scope = Scope.of_cloud(service_settings, pk__in=owners.values("tenant_id"))
    else:
        scope = Scope.of_cloud(service_settings, backend_id=kind.owner(found))
    items: list[JSON] = [found] if found is not None and scope.tenants else []
    rows = scope.rows(kind.model, backend_id=backend_id)
    gone = [row for row in rows if row.state in AT_REST] if found is None else []
    adopted = orphans_in(kind, service_settings, items)
    seen = Look(rows, items, complete=False, adopted=adopted, moment=moment)
    with transaction.atomic():
        outcome = settle(kind, scope, seen, gone)
        if kind.afterwards and outcome.ends:
            kind.afterwards(scope, frozenset(outcome.ends), moment, None)
    return outcome
