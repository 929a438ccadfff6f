"""`waldur push_tenant_quotas`: clouds get the limits that the marketplace has sold."""

import threading
from typing import Any

from django.db import connection

from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace_openstack import tenant_quotas
from waldur_mastermind.marketplace_openstack.management.quotas import TenantQuotasCommand
from waldur_mastermind.marketplace_openstack.tenant_quotas import Differences, Look
from waldur_openstack.cloud.concurrency import for_each


def advance(operation: Operation) -> None:
    """Several at a time, each in a thread; what that has said to the database ends with it."""
    try:
        Runner().advance(operation.uuid.hex)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()


class Command(TenantQuotasCommand):
    help = "Push the limits of tenants to their clouds where they differ there."
    title = "Comparing limits"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.pushes: list[tuple[Look, Operation]] = []

    def differences(self, look: Look) -> Differences:
        return tenant_quotas.to_push(look, tenant_quotas.promised(look))

    def settle(self, look: Look) -> None:
        """Scheduled at once, so that workers help; what this process does not live to see goes on without it."""
        try:
            self.pushes.append((look, tenant_quotas.push(look, tenant_quotas.promised(look))))
        except Conflict as error:
            self.complain(look, error.detail)

    def finish(self) -> None:
        for_each(advance, [operation for _, operation in self.pushes])
        for look, operation in self.pushes:
            operation.refresh_from_db()
            if operation.state in Operation.LIVE:
                self.complain(look, f"not done yet, goes on in the background: {operation.error_message or 'waiting'}")
            elif operation.state != Operation.State.DONE:
                self.complain(look, operation.error_message)
