from typing import Any
from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import operation_of
from waldur_openstack.models import Tenant
from waldur_openstack.cloud import Cloud


def test_smoke(cast: Cast, instance: Any) -> None:
    tenant = instance.tenant
    for _ in range(2):
        answer = client_of(cast.admin).post(f"/api/openstack-tenants/{tenant.uuid.hex}/pull/")
        assert answer.status_code == 202, answer.content
        drain()
        tenant.refresh_from_db()
        op = operation_of(tenant)
        assert op.state == "done", op.error_message + op.error_traceback
        from waldur_core.events.models import Event

        print([e.message for e in Event.objects.order_by("pk")])
