"""`waldur validate_openstack_services`: does a cloud let us do what we have to do (seed: Connectivity Validation)?"""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack.management.chosen import FOUND, fail, service_of_offering, uuid_of
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant
from waldur_openstack.validation.interruptions import Interrupted, interruptible, undisturbed
from waldur_openstack.validation.outcomes import Outcome
from waldur_openstack.validation.reading import read_tests
from waldur_openstack.validation.writing import Trial, clean_up


class Command(BaseCommand):
    help = "Ask each OpenStack service what we need of it. Exits 1 when something does not work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--offering-uuid", help="The cloud that this offering of tenants sells.")
        which.add_argument("--service-uuid", help="The cloud of these service settings.")
        which.add_argument("--tenant-uuid", help="The project of this tenant.")
        parser.add_argument("--verbose", action="store_true", help="Tell what works, too.")
        parser.add_argument("--test-writes", action="store_true", help="Really make something of each kind.")

    def handle(self, *, verbose: bool, test_writes: bool, **which: Any) -> None:
        service, tenant = self.chosen(which["offering_uuid"], which["service_uuid"], which["tenant_uuid"])
        self.verbose = verbose
        admin = Cloud.of(service)
        external = str(service.secret_options.get("external_network_id") or "")
        outcomes = []
        for outcome in read_tests(admin, admin.in_project(tenant.backend_id) if tenant else admin, external):
            outcomes.append(self.told(outcome))
        if test_writes and not any(outcome.is_bad and outcome.what == "sign in" for outcome in outcomes):
            project = tenant.backend_id if tenant else self.own_project(admin)
            outcomes += self.try_writes(admin.in_project(project), project, external)
        bad = sum(outcome.is_bad for outcome in outcomes)
        self.stdout.write(f"{service}: {len(outcomes)} checks, {bad or 'none'} failed.")
        if bad:
            raise SystemExit(FOUND)

    def chosen(
        self, offering_uuid: str | None, service_uuid: str | None, tenant_uuid: str | None
    ) -> tuple[ServiceSettings, Tenant | None]:
        if tenant_uuid:
            tenant = Tenant.objects.filter(uuid=uuid_of(tenant_uuid)).select_related("service_settings").first()
            if tenant is None or not tenant.backend_id:
                raise fail(f"There is no tenant {tenant_uuid} in a cloud.")
            return tenant.service_settings, tenant
        if service_uuid:
            service = ServiceSettings.objects.filter(type="OpenStack", uuid=uuid_of(service_uuid)).first()
            if service is None:
                raise fail(f"There are no service settings {service_uuid} of an OpenStack.")
            return service, None
        return service_of_offering(uuid_of(str(offering_uuid)).hex), None

    def own_project(self, admin: Cloud) -> str:
        try:
            return admin.own_project_id()
        except OperationError as error:
            raise fail(error.message) from error

    def try_writes(self, cloud: Cloud, project: str, external: str) -> list[Outcome]:
        """What an earlier trial left behind goes first; what this one makes goes in any case."""
        outcomes = []
        with alone(project), undisturbed():
            problems = self.cleaned(cloud, project)
            try:
                with interruptible():
                    for outcome in Trial(cloud, project, external).run():
                        outcomes.append(self.told(outcome))
            except Interrupted as stop:
                self.stderr.write(f"Stopped by {stop}; cleaning up.")
                raise SystemExit(stop.exit_code) from None
            finally:
                problems += self.cleaned(cloud, project)
        left = [Outcome("Cleaning up", "remove what was made", "failed", text, 0) for text in problems]
        return outcomes + [self.told(outcome) for outcome in left]

    def cleaned(self, cloud: Cloud, project: str) -> list[str]:
        try:
            return clean_up(cloud, project)
        except OperationError as error:
            return [error.message]

    def told(self, outcome: Outcome) -> Outcome:
        if outcome.is_bad:
            self.stderr.write(str(outcome))
        elif self.verbose:
            self.stdout.write(str(outcome))
        return outcome


@contextmanager
def alone(project: str) -> Iterator[None]:
    """Two trials in one project would clean up each other's things. Ends with the connection, whatever happens."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"validation {project}"])
        if not cursor.fetchone()[0]:
            raise fail("Another validation is at work in this project.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [f"validation {project}"])
