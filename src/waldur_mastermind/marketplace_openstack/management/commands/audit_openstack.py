"""`waldur audit_openstack`: whether records and clouds agree."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack.audit import full_audit
from waldur_mastermind.marketplace_openstack.management.chosen import FOUND, UNREADABLE, chosen, followed
from waldur_openstack.audit import Report


class Command(BaseCommand):
    help = (
        "Compare our records with clouds: leaks, orphans, drift, limits, quotas, double billing. Exits 1 on findings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--offering", metavar="UUID", help="The cloud that this offering of tenants sells.")
        which.add_argument("--all", action="store_true", help="All clouds.")
        parser.add_argument("--format", choices=("text", "json"), default="text")
        text = "Leave out limits and the key pairs of tenants' users, which take four calls for each tenant."
        parser.add_argument("--quick", action="store_true", help=text)

    def handle(self, *, offering: str | None, format: str, quick: bool, **_: Any) -> None:
        services = chosen(offering)
        looks = [self.look(service, quick) for service in followed(self, services, "Auditing", len(services))]
        reports = [report for report in looks if report is not None]
        if format == "json":
            self.stdout.write(json.dumps([report.as_json() for report in reports], indent=2, default=str))
        else:
            self.tell(reports)
        if len(reports) < len(services):
            raise SystemExit(UNREADABLE)
        if any(report.findings for report in reports):
            raise SystemExit(FOUND)

    def look(self, service: ServiceSettings, quick: bool) -> Report | None:
        try:
            return full_audit(service, quick=quick)
        except OperationError as error:
            self.stderr.write(f"{service} could not be read: {error.message}")
            return None

    def tell(self, reports: list[Report]) -> None:
        for report in reports:
            for finding in report.findings:
                self.stdout.write(str(finding))
            name = ServiceSettings.objects.get(uuid=report.service).name
            self.stdout.write(f"{name}: {len(report.findings) or 'no'} findings, {report.calls} calls.")
