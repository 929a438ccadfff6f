"""Columns that are ciphertext in the database and plain values in Python."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from waldur_core.secrets.keys import cipher


class Sealed(str):
    """Ciphertext as it came from the database."""

    __slots__ = ()


class OpenedOnAccess(DeferredAttribute):
    """Decrypts when somebody looks: a list of a hundred servers has no business opening a hundred passwords."""

    field: "EncryptedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = self.field.open(value)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        # having it makes Python ask __get__ even when the instance has a value
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):
    """Text encrypted at rest with MultiFernet. It cannot be filtered on; the empty string stays empty."""

    descriptor_class = OpenedOnAccess

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return Sealed(value) if value else self.empty()

    def open(self, value: Sealed) -> Any:
        """The plain value."""
        return self.decode(cipher().decrypt(value.encode()).decode())

    def get_prep_value(self, value: Any) -> str:
        if isinstance(value, Sealed):
            return str(value)
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
