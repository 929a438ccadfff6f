"""A page of 100 servers out of 10,000, with all nested fields."""

import time
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from waldur_core.server.memory import settle
from waldur_core.structure.models import AuthToken, User
from waldur_core.structure.states import CoreState
from waldur_openstack.models import FloatingIP, Instance, Port, SecurityGroup, Tenant, Volume


def fill(tenant_uuid: str, count: int) -> None:
    """Servers with two volumes, a port with a group, and a floating IP each; rows only."""
    tenant = Tenant.objects.get(uuid=tenant_uuid)
    group = SecurityGroup.objects.get(tenant=tenant, name="ssh")
    subnet = tenant.subnets.get()
    common: dict[str, Any] = {
        "tenant": tenant,
        "project": tenant.project,
        "service_settings": tenant.service_settings,
        "state": CoreState.OK,
    }
    servers = Instance.objects.bulk_create(
        [
            Instance(**common, name=f"server-{n:05}", backend_id=str(uuid4()), runtime_state="ACTIVE")
            for n in range(count)
        ]
    )
    for kind in ("system", "data"):
        Volume.objects.bulk_create(
            [Volume(**common, name=f"{server.name}-{kind}", size=1024, instance=server) for server in servers]
        )
    fixed = [{"ip_address": "192.168.42.10", "subnet_id": subnet.backend_id}]
    ports = Port.objects.bulk_create(
        [
            Port(**common, name="port", instance=server, subnet=subnet, network=subnet.network, fixed_ips=fixed)
            for server in servers
        ]
    )
    FloatingIP.objects.bulk_create([FloatingIP(**common, name="ip", address="10.0.0.1", port=port) for port in ports])
    Instance.security_groups.through.objects.bulk_create(
        [Instance.security_groups.through(instance=server, securitygroup=group) for server in servers]
    )
    Port.security_groups.through.objects.bulk_create(
        [Port.security_groups.through(port=port, securitygroup=group) for port in ports]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def measure(page_size: int, rounds: int = 10) -> tuple[int, float]:
    """(SQL statements, best milliseconds) of one page, as the owner of the customer asks for it."""
    client = APIClient()
    token = AuthToken.objects.issue(User.objects.get(username="owner")).key
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    best, statements = float("inf"), 0
    settle()
    for _ in range(rounds):
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            answer = client.get("/api/openstack-instances/", {"page_size": page_size})
            best = min(best, time.perf_counter() - began)
        assert answer.status_code == 200 and len(answer.json()) == page_size
        statements = len(queries)
    return statements, 1000 * best
