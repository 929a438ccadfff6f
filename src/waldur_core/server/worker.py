"""A Celery worker and beat inside this process: the embedded default, where the broker is memory."""

import threading
from typing import Any

from celery.beat import EmbeddedService

from waldur_core.operations.leases import keeper
from waldur_core.server.celery import app

THREADS = 8


class EmbeddedWorker:
    """Threads that carry out messages, and one that sends the periodic ones. A real deployment runs `celery worker`."""

    def __init__(self, threads: int = THREADS) -> None:
        self.worker: Any = app.WorkController(pool="threads", concurrency=threads, hostname="embedded@waldur")
        self.thread = threading.Thread(target=self.worker.start, name="worker", daemon=True)
        self.beat: Any = EmbeddedService(
            app, thread=True, schedule_filename=None, scheduler_cls="celery.beat:Scheduler"
        )

    def start(self) -> None:
        keeper.start()
        self.thread.start()
        self.beat.start()

    def stop(self) -> None:
        """Let the running steps finish; what waits stays in PostgreSQL."""
        self.beat.stop()
        self.worker.stop()
        self.thread.join(timeout=10)
        keeper.stop()
