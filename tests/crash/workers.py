"""Real Celery workers, in processes of their own, on a real broker and the test's database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

from django.conf import settings
from django.db import connection

from waldur_core.operations.models import Operation
from waldur_core.operations.tasks import sweep
from waldur_core.server.celery import app

ROOT = Path(__file__).parents[2]
LEASE = 2.0  # seconds


def database_url() -> str:
    """The database this test writes to, as another process may name it."""
    config = connection.settings_dict
    host = config["OPTIONS"].get("host") or config["HOST"] or "127.0.0.1"
    user = f"{quote(config['USER'])}:{quote(config['PASSWORD'])}"
    return f"postgresql://{user}@/{config['NAME']}?host={quote(host, safe='')}&port={config['PORT'] or 5432}"


class Crew:
    """Workers on one queue of one broker."""

    def __init__(self, broker: str, log: Path, *options: str) -> None:
        self.broker, self.log, self.options = broker, log, options
        self.queue = f"test-{uuid4().hex}"
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.kill()
        with app.connection_for_write(self.broker) as broker:
            broker.default_channel.queue_delete(self.queue)
        if error:
            print(self.log.read_text()[-5000:])

    def start(self) -> None:
        """One more worker."""
        environment = {
            **os.environ,
            "BROKER_URL": self.broker,
            "QUEUE": self.queue,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "OPERATIONS_LEASE_SECONDS": str(LEASE),
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "WALDUR_STATE_DIR": str(settings.STATE_DIR),
        }
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        command = [sys.executable, "-m", "celery", "-A", "waldur_core.server", "worker", *quiet, *self.options]
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [*command, "-n", f"{uuid4().hex}@test"],
                cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.workers.append(worker)

    def kill(self) -> None:
        """SIGKILL for all, with their children."""
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.workers.clear()

    def sweep(self) -> None:
        """What beat sends every few seconds."""
        with app.connection_for_write(self.broker) as broker:
            sweep.apply_async(connection=broker, queue=self.queue)

    def until(self, condition: Callable[[], Any], what: str, *, seconds: float = 60) -> None:
        """Sweep until something is true."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {seconds} s. {list(Operation.objects.values())}")
            self.sweep()
            time.sleep(0.3)

    def until_done(self) -> None:
        self.until(lambda: not Operation.objects.filter(state__in=Operation.LIVE).exists(), "operations end")
