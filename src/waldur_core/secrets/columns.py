"""Finds every encrypted column of the project, so that rotation and tests forget none."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models, transaction

from waldur_core.secrets.fields import EncryptedTextField
from waldur_core.secrets.keys import cipher


def encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    for model in apps.get_models():
        if model._meta.proxy:
            continue
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


def rotate(model: type[models.Model], field: EncryptedTextField, batch: int = 500) -> int:
    """Re-encrypt one column with the newest key, batch by batch; returns how many values were rewritten."""
    table, column = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name(field.column or "")
    done, last = 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {column} FROM {table} WHERE id > %s AND {column} <> '' ORDER BY id LIMIT %s FOR UPDATE",
                [last, batch],
            )
            rows = cursor.fetchall()
            if not rows:
                return done
            cursor.executemany(
                f"UPDATE {table} SET {column} = %s WHERE id = %s",
                [(cipher().rotate(value.encode()).decode(), pk) for pk, value in rows],
            )
        done, last = done + len(rows), rows[-1][0]
