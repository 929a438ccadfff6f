"""The servers some tests need. Without them such a test is skipped; with REQUIRE_COMPONENTS=1 it fails instead."""

import os
import socket
from pathlib import Path
from urllib.parse import urlparse

import pytest

LAB = "the real OpenStack of `make lab`"
LAB_BROKER = "the notifications of `make lab`"
URLS = {
    "RabbitMQ": os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    "RabbitMQ management": os.environ.get("TEST_RABBITMQ_MANAGEMENT_URL", "http://guest:guest@127.0.0.1:15672"),
    "RabbitMQ web-stomp": os.environ.get("TEST_RABBITMQ_STOMP_URL", "ws://127.0.0.1:15674"),
    "Redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "PostgreSQL": os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    LAB: os.environ.get("LAB_AUTH_URL", "http://127.0.0.1:5000/v3"),
    LAB_BROKER: os.environ.get("LAB_BROKER_URL", "amqp://waldur_lab:labsecret@127.0.0.1:5672/waldur_lab_c1"),
}
PORTS = {"amqp": 5672, "redis": 6379, "postgresql": 5432, "http": 80, "https": 443}


RECORDINGS = "OPENNEBULA_SAMPLES"


def needs_recordings() -> Path:
    """The folder with recorded calls of a real OpenNebula, which the environment variable names."""
    folder = Path(os.environ.get(RECORDINGS, ""))
    if os.environ.get(RECORDINGS) and (folder / "calls.jsonl").exists():
        return folder
    reason = f"needs recorded calls of a real OpenNebula: set {RECORDINGS} to their folder"
    if os.environ.get("REQUIRE_COMPONENTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def needs(name: str) -> str:
    """The URL of the component; skips or fails the test when nothing listens there."""
    url = urlparse(URLS[name])
    try:
        socket.create_connection((url.hostname or "127.0.0.1", url.port or PORTS[url.scheme]), timeout=2).close()
    except OSError:
        if os.environ.get("REQUIRE_COMPONENTS") == "1":
            pytest.fail(f"needs {name} at {url.hostname}:{url.port}")
        pytest.skip(f"needs {name}")
    return URLS[name]
