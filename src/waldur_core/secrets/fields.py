"""Columns that are ciphertext in the database and plain values in Python."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from waldur_core.secrets.keys import cipher


class EncryptedTextField(models.TextField):
    """Text encrypted at rest with MultiFernet. It cannot be filtered on; the empty string stays empty."""

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return self.decode(cipher().decrypt(value.encode()).decode()) if value else self.empty()

    def get_prep_value(self, value: Any) -> str:
        return cipher().encrypt(self.encode(value).encode()).decode() if value else ""

    def encode(self, value: Any) -> str:
        return str(value)

    def decode(self, text: str) -> Any:
        return text

    def empty(self) -> Any:
        return ""


class EncryptedJSONField(EncryptedTextField):
    """A JSON object encrypted at rest."""

    def encode(self, value: Any) -> str:
        return json.dumps(value, cls=DjangoJSONEncoder)

    def decode(self, text: str) -> Any:
        return json.loads(text)

    def empty(self) -> dict[str, Any]:
        return {}

    def to_python(self, value: Any) -> Any:
        return value
