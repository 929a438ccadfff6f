"""`waldur rotate_secrets`: encrypt every secret column anew."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from waldur_core.secrets.columns import encrypted_columns, rotate
from waldur_core.secrets.keys import prepend_new_key


class Command(BaseCommand):
    help = "Re-encrypt all secret columns with the newest key (--new-key makes one first when keys live in a file)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new-key", action="store_true", help="put a fresh key in front of the key file")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"] and settings.SECRET_KEYS:
            self.stderr.write("Keys come from WALDUR_SECRET_KEYS: put the new key first there, then run this again.")
            raise SystemExit(2)
        if options["new_key"]:
            prepend_new_key(settings.SECRET_KEYS_FILE)
        for model, field in encrypted_columns():
            self.stdout.write(f"{model._meta.label}.{field.name}: {rotate(model, field)} values")
