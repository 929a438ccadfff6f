"""`waldur document_workflows`: print the page of workflows, or write it where the docs keep it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from waldur_core.operations.documentation import page

PAGE = Path("docs/develop/workflows.md")


class Command(BaseCommand):
    help = "Print the workflow tables as Markdown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help=f"write {PAGE} instead")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            PAGE.write_text(page())
        else:
            self.stdout.write(page())
