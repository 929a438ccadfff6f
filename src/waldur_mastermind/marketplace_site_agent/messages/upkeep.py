"""Queues of agents that may not listen any more are closed; those that RabbitMQ has lost are opened again."""

import logging

from django.db import transaction
from rest_framework.exceptions import APIException

from waldur_core.permissions.checks import has_permission
from waldur_core.permissions.strings import Permission
from waldur_core.structure.models import AuthToken
from waldur_mastermind.marketplace_site_agent.messages.rabbitmq import Management
from waldur_mastermind.marketplace_site_agent.models import AgentQueue

logger = logging.getLogger(__name__)


def close_stale_queues() -> int:
    """Returns how many were closed. RabbitMQ knows the token as a password, so it must learn when that has died."""
    queues = AgentQueue.objects.select_related("identity__offering__customer", "user__auth_token")
    return sum(_close(queue) for queue in queues if not is_entitled(queue))


def is_entitled(queue: AgentQueue) -> bool:
    try:
        token = queue.user.auth_token
    except AuthToken.DoesNotExist:
        return False
    if not queue.user.is_active or token.is_expired() or token.digest != queue.token_digest:
        return False
    offering = queue.identity.offering
    return has_permission(queue.user, Permission.OFFERING_UPDATE, [offering, offering.customer])


def reopen(queue: AgentQueue) -> None:
    """Where a message could not be carried: perhaps RabbitMQ has lost its queues."""
    try:
        if is_entitled(queue):
            Management().open_queue(queue, queue.user.auth_token.key)
    except APIException as error:
        logger.warning("The queue %s cannot be opened: %s", queue.queue_name, error.detail)


@transaction.atomic
def _close(queue: AgentQueue) -> bool:
    try:
        Management().close_queue(queue)
    except APIException as error:
        logger.warning("The queue %s could not be closed: %s", queue.queue_name, error.detail)
        return False
    queue.delete()
    return True
