"""`waldur document_endpoints`: print the page of endpoints, or write it where the docs keep it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from waldur_core.rest.documentation import page

PAGE = Path("docs/use/openstack-endpoints.md")


def openstack_page() -> str:
    return page("the OpenStack plug-in", "openstack-")


class Command(BaseCommand):
    help = "Print the OpenStack endpoints as Markdown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help=f"write {PAGE} instead")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            PAGE.write_text(openstack_page())
        else:
            self.stdout.write(openstack_page())
