"""Worlds that take long to build are built once and then remembered: the rows they wrote and what the twin held.

A world stands on another: its rows have fixed primary keys, so what is built on it later refers to the right ones.
"""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from twins.openstack import OpenStackTwin
from twins.openstack.state import State
from waldur_core.permissions.models import Role

KEPT = 32  # worlds; one takes up to 20 MiB
_worlds: OrderedDict[Any, "World"] = OrderedDict()  # those used last at the end
_standing: Any = None  # the world that the present test stands on


@dataclass(frozen=True)
class World:
    rows: dict[str, bytes]
    changed: dict[str, list[int]]  # of these rows, those that the foundation has too, with other contents
    cloud: bytes
    found: Any


def remembered(key: Any, twin: OpenStackTwin | None, build: Callable[[], Any], *, on_ground: bool = False) -> Any:
    """What `build` returns (whatever can be pickled: a model's object, a dict of them, a cast), built or brought back.

    The same key means the same world on the same foundation: the world before, or with `on_ground` none.
    """
    global _standing
    key = (key, twin and twin.auth_url, _ground() if on_ground else _standing)
    _standing = key
    _touch(key)
    if key in _worlds:
        return _bring_back(_worlds[key], twin)
    before = {table: _digests(table) for table in _tables()}
    revision = _revision(twin)
    found = build()
    connection.check_constraints()
    same = {table: _digests(table).items() & then.items() for table, then in before.items()}
    rows = {table: added for table, kept in same.items() if (added := _rows_beside(table, [pk for pk, _ in kept]))}
    changed = {table: pks for table, kept in same.items() if (pks := list(before[table].keys() - dict(kept).keys()))}
    cloud = contents(twin) if twin and _revision(twin) != revision else b""
    _worlds[key] = World(rows, changed, cloud, pickle.dumps(found))
    _touch(key)
    while len(_worlds) > KEPT:
        _worlds.popitem(last=False)
    return found


def _touch(key: Any) -> None:
    """It has been used, and what it stands on even later: no world outlives its foundation."""
    while key in _worlds:
        _worlds.move_to_end(key)
        key = key[2]


def _ground() -> tuple[Any, ...]:
    """What no world has built. A flushed database has other rows here, so everything starts anew."""
    return (
        tuple(Role.objects.order_by("pk").values_list("pk", "name")),
        tuple(ContentType.objects.order_by("pk").values_list("pk", "app_label", "model")),
    )


def _revision(twin: OpenStackTwin | None) -> int:
    return twin.cloud.state.revision if twin and twin.cloud else 0


def contents(twin: OpenStackTwin) -> bytes:
    """All that the cloud holds, with the bytes of its images."""
    assert twin.cloud
    files = {image["id"]: twin.cloud.image_file(image["id"]) for image in twin.cloud.state.all("images")}
    images = {key: file.read_bytes() for key, file in files.items() if file.exists()}
    return pickle.dumps((twin.cloud.state.dump(), images))


def fill(twin: OpenStackTwin, saved: bytes) -> None:
    """Put the cloud back to what it held."""
    assert twin.cloud
    dump, images = pickle.loads(saved)
    state = State()
    state.load(dump)
    twin.cloud.forget_images()
    for key, data in images.items():
        twin.cloud.image_file(key).write_bytes(data)
    twin.cloud.state = state


def _bring_back(world: World, twin: OpenStackTwin | None) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:  # references are checked at its end
        for table, pks in world.changed.items():
            cursor.execute(f'DELETE FROM "{table}" WHERE id = ANY(%s)', [pks])
        for table, rows in world.rows.items():
            with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                copy.write(rows)
        if world.rows:
            _move_sequences(cursor, world.rows)
    if twin and world.cloud:
        fill(twin, world.cloud)
    return pickle.loads(world.found)


def _tables() -> list[str]:
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return [model._meta.db_table for model in models if model._meta.pk.column == "id"]


def _digests(table: str) -> dict[int, str]:
    """What tells whether a row has been changed."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT id, md5(row::text) FROM "{table}" AS row')
        return dict(cursor.fetchall())


def _rows_beside(table: str, ids: list[int]) -> bytes:
    """The rows that are none of these."""
    with connection.cursor() as cursor:
        query = f'COPY (SELECT * FROM "{table}" WHERE id <> ALL(%s) ORDER BY id) TO STDOUT'
        with cursor.copy(cursor.mogrify(query, [ids])) as copy:
            return b"".join(copy)


def _move_sequences(cursor: Any, tables: Iterable[str]) -> None:
    """What comes next gets no key that a row of these tables has: a flush may have set the sequences back."""
    moves = [
        f"setval('{table}_id_seq', greatest((SELECT max(id) FROM {table}), (SELECT last_value FROM {table}_id_seq)))"
        for table in tables
    ]
    cursor.execute(f"SELECT {', '.join(moves)}")
