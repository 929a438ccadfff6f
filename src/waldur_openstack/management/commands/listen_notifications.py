"""`waldur listen_notifications`: read the notifications of all clouds that have a broker, until it is stopped."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from waldur_openstack.notifications.supervisor import Supervisor


class Command(BaseCommand):
    help = "Read the clouds' notifications from RabbitMQ, so that changes show within seconds. Several may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--look", type=float, default=15, help="seconds between looks for new or changed clouds")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        self.stdout.write("Listening…")
        Supervisor().run(stopping, options["look"])
        self.stdout.write("Stopped.")
