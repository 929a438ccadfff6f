"""`waldur pull_openstack_volume_metadata`: what resources say of their volumes follows the clouds."""

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack.management.chosen import FOUND, UNREADABLE, followed
from waldur_mastermind.marketplace_openstack.recovery import metadata
from waldur_mastermind.marketplace_openstack.recovery.clouds import clouds
from waldur_openstack.models import Volume
from waldur_openstack.sync.block_storage import VOLUME
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.leases import Busy


class Command(BaseCommand):
    help = "Read all volumes, and bring up to date what resources say of them. A dry run exits 1 when some are not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be written.")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        services = list(clouds())
        followed_services = followed(self, services, "Reading volumes", len(services))
        results = [self.follow(service, dry_run=dry_run) for service in followed_services]
        if None in results:
            raise SystemExit(UNREADABLE)
        if dry_run and any(results):
            raise SystemExit(FOUND)

    def follow(self, service: ServiceSettings, *, dry_run: bool) -> int | None:
        """How many columns were out of date; None when the cloud could not be read. A dry run takes all back."""
        with transaction.atomic() if dry_run else nullcontext():
            before = metadata.said(Volume, service_settings=service)
            error = self.read(service)
            metadata.refresh(Volume, service_settings=service)
            changes = metadata.changes(before, metadata.said(Volume, service_settings=service))
            if dry_run:
                transaction.set_rollback(True)
        if error:
            self.stderr.write(f"{service} could not be read: {error}")
        for change in changes:
            self.stdout.write(f"{change.resource}: {change.column}: {change.old} -> {change.new}")
        verb = "would be" if dry_run else "have been"
        self.stdout.write(f"{service}: {len(changes)} columns {verb} brought up to date.")
        return None if error else len(changes)

    def read(self, service: ServiceSettings) -> str:
        """Our volumes follow the cloud; returns what went wrong."""
        try:
            return synchronise(service, [VOLUME], full=True, task="volume_metadata").error
        except Busy:
            return "another worker looks at it just now. Try again."
