"""What `push_tenant_quotas` and `import_tenant_quotas` share: looking at every tenant with a bar, and how they end.

Exit codes: 0 nothing was found (or all that was found is in order now), 1 a dry run has found something, 2 some tenants
could not be looked at or not be brought in order.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from waldur_mastermind.marketplace_openstack.management.chosen import FOUND, UNREADABLE, followed
from waldur_mastermind.marketplace_openstack.tenant_quotas import Differences, Look, look_at_all, sold_tenants


class TenantQuotasCommand(BaseCommand):
    """Subclasses say what differs, and what to do about it; `failed` counts what did not go well."""

    title = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what differs.")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        self.failed = found = 0
        for look in self.looks():
            if look.error:
                self.complain(look, look.error)
                continue
            differences = self.differences(look)
            found += bool(differences)
            self.show(look, differences)
            if differences and not dry_run:
                self.settle(look)
        self.finish()
        self.stdout.write(f"{found} tenants differ, {self.failed} could not be dealt with.")
        if self.failed:
            raise SystemExit(UNREADABLE)
        if found and dry_run:
            raise SystemExit(FOUND)

    def looks(self) -> Iterator[Look]:
        """With a bar on the terminal's error stream; none where there is no terminal."""
        sold = sold_tenants()
        yield from followed(self, look_at_all(sold), self.title, len(sold))

    def show(self, look: Look, differences: Differences) -> None:
        for name, (old, new) in sorted(differences.items()):
            self.stdout.write(f"{look.tenant} ({look.tenant.service_settings}): {name}: {old} -> {new}")

    def complain(self, look: Look, problem: object) -> None:
        self.failed += 1
        self.stderr.write(f"{look.tenant} ({look.tenant.service_settings}): {problem}")

    def differences(self, look: Look) -> Differences:
        raise NotImplementedError

    def settle(self, look: Look) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        """Once all have been looked at."""
