"""One cloud's notifications in one process: a thread that receives, and one that reads what they hint at.

The queue is shared by all processes that listen, so each message reaches one of them. It is ours alone: the services'
own queues and exchanges are not touched.
"""

import logging
import random
import threading
from datetime import timedelta
from typing import Any

from amqp.exceptions import AMQPError
from django.db import close_old_connections, connection
from django.utils import timezone
from kombu import Connection, Consumer, Exchange, Queue

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import Tenant
from waldur_openstack.notifications.configuration import Source
from waldur_openstack.notifications.hints import hints_in
from waldur_openstack.notifications.messages import MalformedError, parse
from waldur_openstack.notifications.pending import Pace, Pending
from waldur_openstack.notifications.reading import follow
from waldur_openstack.notifications.state import State
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.leases import Busy

logger = logging.getLogger(__name__)

TIMEOUT = 5  # seconds to reach the broker
HEARTBEAT = 20  # seconds after which a silent broker counts as gone
PREFETCH = 200
MESSAGES, UNUSED = 10000, timedelta(hours=1)  # what our queue holds at most; how long it lives without us
LOOK_AGAIN = timedelta(minutes=1)  # for exchanges that no service has made yet
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
WRITE_EVERY = 2.0  # seconds


class Listener:
    """`start` and `stop`; `is_alive` is false when a thread has ended by an error of ours: start another one."""

    def __init__(self, service_settings: ServiceSettings, source: Source, pace: Pace | None = None) -> None:
        self.service_settings, self.source = service_settings, source
        self.pending, self.state = Pending(pace), State(service_settings)
        self.projects = projects_of(service_settings)
        self.stopping = threading.Event()
        name = f"notifications of {service_settings}"
        self.threads = [
            threading.Thread(target=self._run, args=(work,), name=f"{name}: {work.__name__}", daemon=True)
            for work in (self.receive, self.read, self.tell)
        ]

    def start(self) -> "Listener":
        for thread in self.threads:
            thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=10)

    def serves(self, service_settings: ServiceSettings, source: Source | None) -> bool:
        """Whether it does so still, and with the options that the cloud has now."""
        now, then = service_settings, self.service_settings
        same = (now.options, now.secret_options) == (then.options, then.secret_options)
        return self.is_alive and same and source == self.source

    @property
    def is_alive(self) -> bool:
        return all(thread.is_alive() for thread in self.threads)

    def _run(self, work: Any) -> None:
        try:
            work()
        except Exception:  # of ours: the supervisor sees the dead thread and starts anew
            logger.exception("%s has ended", threading.current_thread().name)
        finally:
            connection.close()

    # receiving ----------------------------------------------------------------------------------------------------

    def receive(self) -> None:
        """Connect, consume, and connect again, with growing pauses, for as long as it takes."""
        failures = 0
        while not self.stopping.is_set():
            try:
                with Connection(self.source.url, connect_timeout=TIMEOUT, heartbeat=HEARTBEAT) as broker:
                    broker.connect()
                    failures = 0
                    self.consume(broker)
            except (OSError, AMQPError) as error:  # it is away, or refuses what we ask for
                self._lost(error)
            failures += 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10)) * random.uniform(0.8, 1.2)
            self.stopping.wait(pause)
        self.state.disconnected("The process has ended.")

    def _lost(self, error: BaseException) -> None:
        text = str(error).replace(self.source.url, "the broker")
        self.state.disconnected(f"{type(error).__name__}: {text}")
        logger.warning("Notifications of %s: %s: %s", self.service_settings, type(error).__name__, text)

    def consume(self, broker: Connection) -> None:
        """Until we stop, or something is wrong."""
        with broker.channel() as channel:
            channel.basic_qos(0, PREFETCH, False)
            queue = our_queue(self.source.queue, channel)
            queue.queue_declare()
            with Consumer(channel, [queue], on_message=self.on_message, no_ack=False, auto_declare=False):
                self.state.connected()
                self._follow_exchanges(broker, queue)

    def _follow_exchanges(self, broker: Connection, queue: Queue) -> None:
        """A service makes its exchange with its first message, and some clouds never have one of each name: those that
        are missing are looked for every minute."""
        bound: list[str] = []
        while not self.stopping.is_set():
            found = [name for name in self.source.exchanges if name not in bound and exists(broker, name)]
            for exchange in found:
                for topic in self.source.topics:
                    queue.bind_to(exchange, f"{topic}.*")
            bound += found
            self.state.reading(bound)
            self._drain(broker, LOOK_AGAIN)

    def _drain(self, broker: Connection, time: timedelta) -> None:
        end = timezone.now() + time
        while not self.stopping.is_set() and timezone.now() < end:
            try:
                broker.drain_events(timeout=1)
            except TimeoutError:
                broker.heartbeat_check()

    def on_message(self, message: Any) -> None:
        """Note what it hints at. It is done with at once: whatever becomes of us, a sync makes up for it."""
        message.ack()
        self.state.received()
        try:
            hints = hints_in(parse(message.body))
        except MalformedError:
            self.state.count("malformed")
            return
        if not hints:
            self.state.count("ignored")
        for hint in hints:
            if hint.project and hint.project not in self.projects:
                self.state.count("ignored")
                continue
            self.state.count("hints")
            if outcome := self.pending.add(hint):
                self.state.count(outcome)

    # reading ------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        while not self.stopping.is_set():
            close_old_connections()
            if self.pending.is_storm:
                self._read_all()
            elif hint := self.pending.take(timeout=1):
                self._attempt(lambda hint=hint: follow(self.service_settings, hint))

    def _read_all(self) -> None:
        """So much has changed that one look at the whole cloud is cheaper. Another worker at it: then soon again."""
        hints = self.pending.take_all()
        try:
            self._attempt(lambda: synchronise(self.service_settings, task="notifications"))
        except Busy:
            for hint in hints:
                self.pending.add(hint)
            self.stopping.wait(2)

    def _attempt(self, look: Any) -> None:
        try:
            self.state.count("reads" if look() else "ignored")
        except Busy:
            raise
        except OperationError as error:  # the cloud is away: the next sync knows
            self.state.count("failed")
            logger.info("Notifications of %s: %s", self.service_settings, error.message)
        except Exception:  # of ours, about one object: the others are still to be read
            self.state.count("failed")
            logger.exception("Notifications of %s: a read has failed", self.service_settings)

    # telling ------------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        while not self.stopping.wait(WRITE_EVERY):
            close_old_connections()
            self.projects = projects_of(self.service_settings)
            self.state.write()
        self.threads[0].join(timeout=5)
        self.state.write()


def projects_of(service_settings: ServiceSettings) -> frozenset[str]:
    """The ids of our projects in the cloud: what is told of others, most of it in a big cloud, is dropped at once."""
    tenants = Tenant.objects.filter(service_settings=service_settings).exclude(backend_id="")
    return frozenset(tenants.values_list("backend_id", flat=True))


def exists(broker: Connection, exchange: str) -> bool:
    """Whether a service has made it. We do not: it would have to be declared exactly as the service does later."""
    with broker.channel() as channel:
        try:
            Exchange(exchange, channel=channel).declare(passive=True)
        except AMQPError:
            return False
        return True


def our_queue(name: str, channel: Any) -> Queue:
    """It forgets the oldest when it is full, and goes when nobody has read it for an hour."""
    return Queue(
        name,
        channel=channel,
        durable=True,
        max_length=MESSAGES,
        expires=UNUSED.total_seconds(),
    )
