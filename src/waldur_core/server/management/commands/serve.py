"""`waldur serve`: the web server, and with --worker also a worker and beat in the same process."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from waldur_core.server.http import Server
from waldur_core.server.memory import settle
from waldur_core.server.worker import EmbeddedWorker
from waldur_core.server.wsgi import application


class Command(BaseCommand):
    help = "Serve the API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--threads", type=int, default=16)
        parser.add_argument("--worker", action="store_true", help="run a worker and beat in this process too")

    def handle(self, *args: Any, **options: Any) -> None:
        server = Server((options["host"], options["port"]), application, numthreads=options["threads"])
        worker = EmbeddedWorker() if options["worker"] else None
        signal.signal(signal.SIGTERM, _interrupt)
        if worker:
            worker.start()
        settle()
        self.stdout.write(f"Serving http://{options['host']}:{options['port']}/api/")
        try:
            server.start()
        except KeyboardInterrupt:
            self.stdout.write("Stopping…")
        finally:
            server.stop()
            if worker:
                worker.stop()


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
