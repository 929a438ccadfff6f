"""Secrets that cannot be mistaken for anything else, and the places where they must not be found."""

import io
import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from django.db import connection
from kombu.transport.memory import Channel

from tests.factories import client_of
from waldur_core.rest.endpoints import endpoints
from waldur_core.structure.models import User

CLOUD_PASSWORD = "canary7cloud7password"
TENANT_PASSWORD = "canary7tenant7password"
LOGIN_PASSWORD = "canary7login7password"
USER_DATA = "canary7user7data7within"
BROKER_PASSWORD = "canary7broker7password"
CANARIES = (CLOUD_PASSWORD, TENANT_PASSWORD, LOGIN_PASSWORD, USER_DATA, BROKER_PASSWORD)
DETAILS = 1  # objects of each list that are read one by one: they hold nothing that the list does not

# Whoever asks there asks for his own token.
OWN_TOKEN = ("api/users/{uuid}/token/",)


def spellings(secret: str) -> set[str]:
    """The secret as it is, and however it may lie in Base64."""
    inner = {b64encode(b" " * shift + secret.encode()).decode()[4:-4] for shift in range(3)}
    return {secret, secret[::-1], *inner}


def found_in(text: str, secrets: Any) -> list[str]:
    """The secrets that stand in the text, with what stands around them."""
    hits = []
    for secret in secrets:
        for spelling in spellings(secret):
            if (place := text.find(spelling)) >= 0:
                hits.append(text[max(0, place - 120) : place + 120])
    return hits


def database() -> str:
    """Every row of every table, as text."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT {quoted}::text FROM {quoted}")
            rows += [f"{table}: {row[0]}" for row in cursor.fetchall()]
    return "\n".join(rows)


def messages() -> str:
    """What lies in the queues of the in-memory broker."""
    bodies = []
    for queue in Channel.queues.values():
        for message in list(queue.queue):
            bodies.append(json.dumps(message, default=str) + str(message))
    return "\n".join(bodies)


def cached() -> str:
    """All that the cache holds, as it lies there."""
    return "\n".join(map(repr, cache._cache.items()))  # type: ignore[attr-defined]


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """What the configured handler writes when all loggers tell all they can."""
    (handler,) = [item for item in logging.getLogger().handlers if type(item) is logging.StreamHandler]
    stream, before = io.StringIO(), handler.stream
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    levels = [(logger, logger.level) for logger in loggers]
    handler.setStream(stream)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        handler.setStream(before)
        for logger, level in levels:
            logger.setLevel(level)


def answers_to(user: User) -> dict[str, str]:
    """{path: body} of every list, and of every object in it, that the user may read."""
    client, found = client_of(user), {}
    readable = [endpoint for endpoint in endpoints() if endpoint.method == "get" and endpoint.path not in OWN_TOKEN]
    for endpoint in readable:
        if not endpoint.path.startswith("api/") or endpoint.path == "api/schema/":
            continue
        if not endpoint.variable:
            found[endpoint.path] = client.get(f"/{endpoint.path}", {"page_size": 300}).content.decode()
    for endpoint in readable:
        collection = endpoint.path.partition("{uuid}")[0]
        if endpoint.variable == "uuid" and endpoint.path.count("{") == 1 and collection in found:
            for uuid in _uuids(found[collection]):
                path = endpoint.path.replace("{uuid}", uuid)
                found[path] = client.get(f"/{path}").content.decode()
    return found


def _uuids(body: str) -> list[str]:
    rows = json.loads(body)
    found = [row["uuid"] for row in rows if "uuid" in row] if isinstance(rows, list) else []
    return found[:DETAILS]
