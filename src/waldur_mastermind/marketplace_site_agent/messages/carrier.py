"""Carrying what is written down to the queues, in order, at least once: RabbitMQ confirms each message."""

import logging
from datetime import timedelta
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu import Connection, Producer

from waldur_mastermind.marketplace_site_agent.messages.rabbitmq import ARGUMENTS
from waldur_mastermind.marketplace_site_agent.messages.upkeep import reopen
from waldur_mastermind.marketplace_site_agent.models import AgentMessage, AgentQueue

logger = logging.getLogger(__name__)

BATCH = 500
CONNECT_SECONDS = 5.0
KEPT = timedelta(days=1)  # as long as RabbitMQ keeps them; the agent's own reconciliation is quicker


def carry() -> int:
    """Carry everything that waits; returns how many messages went. What cannot go now waits for the next time."""
    AgentMessage.objects.filter(created__lt=timezone.now() - KEPT).delete()
    if not settings.SITE_AGENT["RABBITMQ_AMQP_URL"]:
        return 0
    waiting = AgentQueue.objects.filter(pk__in=AgentMessage.objects.values("queue_id"))
    return sum(_carry_all(pk) for pk in waiting.values_list("pk", flat=True))


def _carry_all(pk: int) -> int:
    number = 0
    try:
        while went := _carry_batch(pk):
            number += went
    except Exception as error:  # the broker is away, or refuses: nothing is lost, the sweep tries again
        logger.warning("Messages to the agent's queue %s wait: %s: %s", pk, type(error).__name__, error)
        reopen(AgentQueue.objects.select_related("identity__offering__customer", "user__auth_token").get(pk=pk))
    return number


@transaction.atomic
def _carry_batch(pk: int) -> int:
    """One carrier at a time for each queue, so that the order stays."""
    free = AgentQueue.objects.select_for_update(skip_locked=True, of=("self",)).select_related("identity", "user")
    queue = free.filter(pk=pk).first()
    messages = list(queue.messages.all()[:BATCH]) if queue else []
    if not queue or not messages:
        return 0
    with _connection(queue) as connection, connection.channel() as channel:
        channel.queue_declare(queue.queue_name, durable=True, auto_delete=False, arguments=ARGUMENTS)
        producer = Producer(channel, serializer="json")
        for message in messages:
            producer.publish(message.body, exchange="", routing_key=queue.queue_name, delivery_mode=2)
    AgentMessage.objects.filter(pk__in=[message.pk for message in messages]).delete()
    return len(messages)


def _connection(queue: AgentQueue) -> Connection:
    parts = urlsplit(settings.SITE_AGENT["RABBITMQ_AMQP_URL"])
    url = urlunsplit(parts._replace(path=f"/{quote(queue.vhost, safe='')}"))
    options = {"confirm_publish": True, "read_timeout": CONNECT_SECONDS, "write_timeout": CONNECT_SECONDS}
    return Connection(url, connect_timeout=CONNECT_SECONDS, transport_options=options)
