"""`waldur drop_leftover_openstack_projects`: projects of tenants that we have terminated, but the cloud still has."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack.management.chosen import FOUND, UNREADABLE, chosen, followed
from waldur_mastermind.marketplace_openstack.recovery.leftovers import Leftover, drop, leftovers


class Command(BaseCommand):
    help = "Remove projects from OpenStack whose tenants are terminated. Exits 1 when some are left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--offering", metavar="NAME", help="Only of the cloud that this offering sells.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be removed.")

    def handle(self, *, offering: str | None, dry_run: bool, **_: Any) -> None:
        unread, left = False, 0
        for service in chosen(offering):
            try:
                found = leftovers(service)
            except OperationError as error:
                self.stderr.write(f"{service} could not be read: {error.message}")
                unread = True
                continue
            left += sum(
                not self.dropped(service, item, dry_run) for item in followed(self, found, "Dropping", len(found))
            )
        if unread:
            raise SystemExit(UNREADABLE)
        if left:
            raise SystemExit(FOUND)

    def dropped(self, service: ServiceSettings, item: Leftover, dry_run: bool) -> bool:
        """Whether it is gone now."""
        if dry_run:
            self.stdout.write(f"{service}: project {item.name} ({item.id}) would be removed: {item.reason}")
            return False
        try:
            drop(service, item)
        except OperationError as error:
            self.stderr.write(f"{service}: project {item.name} ({item.id}) could not be removed: {error.message}")
            return False
        self.stdout.write(f"{service}: project {item.name} ({item.id}) has been removed.")
        return True
