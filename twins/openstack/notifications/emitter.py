"""Sends what changes in the simulated cloud to RabbitMQ, from a thread of its own; what cannot be sent is lost."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kombu import Connection, Exchange, Producer

from ..state import Obj, new_id
from ..wire import Call
from .bodies import Said, body_of
from .requests import at_the_end, at_the_start, subject_of

LONGEST = 50000  # messages that wait for the broker
EXCHANGES = ("nova", "neutron", "keystone", "openstack")  # the last is Cinder's, which gives none by itself


class Emitter:
    """``prefix`` goes before the names of the exchanges, so that several clouds can share a broker."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self.url, self.prefix = url, prefix
        self._serving = False
        self._waiting: queue.Queue[tuple[str, str, str] | None] = queue.Queue(LONGEST)
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
        self._thread.start()

    def notice(self, what: str, kind: str, obj: Obj, before: Obj) -> None:
        """Called at every change, in the cloud's own thread: the message is written down at once."""
        if not self._serving:
            self._send(body_of(what, kind, obj, before))

    def serve(self, call: Call, operation: str, handler: Callable[[Call], Any]) -> Any:
        """Let Neutron handle a request; it tells of the request itself, not of all that changes with it."""
        for said in at_the_start(call, operation):
            self._send(said)
        subject, self._serving = subject_of(call, operation), True
        try:
            outcome = handler(call)
        finally:
            self._serving = False
        for said in at_the_end(call, operation, subject, outcome):
            self._send(said)
        return outcome

    def _send(self, said: Said | None) -> None:
        if said is not None:
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait((said.exchange, f"{said.topic}.info", json.dumps(envelope(said))))

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        going = True
        while going:
            try:
                going = self._send_all()
            except (OSError, *Connection(self.url).connection_errors):
                going = not threading.Event().wait(0.5)

    def _send_all(self) -> bool:
        """Until :meth:`close`; then False."""
        with Connection(self.url, connect_timeout=3) as connection:
            producer = Producer(connection.channel())
            exchanges = {name: self._exchange(name, connection) for name in EXCHANGES}
            while (item := self._waiting.get()) is not None:
                name, routing_key, body = item
                producer.publish(
                    body,
                    exchange=exchanges[name],
                    routing_key=routing_key,
                    content_type="application/json",
                    content_encoding="utf-8",
                    delivery_mode=1,
                )
        return False

    def _exchange(self, name: str, connection: Connection) -> Exchange:
        """As oslo.messaging declares it by default."""
        exchange = Exchange(self.prefix + name, "topic", durable=False, auto_delete=False)
        exchange(connection.default_channel).declare()
        return exchange


def envelope(said: Said) -> Obj:
    """Version 2: the message as text within a message."""
    message = {
        "message_id": new_id(),
        "publisher_id": said.publisher,
        "event_type": said.event_type,
        "priority": "INFO",
        "payload": said.payload,
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        "_unique_id": new_id().replace("-", ""),
        "_context_request_id": f"req-{new_id()}",
        "_context_is_admin": True,
    }
    return {"oslo.version": "2.0", "oslo.message": json.dumps(message)}
