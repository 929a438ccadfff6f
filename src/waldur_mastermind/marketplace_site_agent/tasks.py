"""What time sets going. Each task may run at any hour and any number of times."""

from celery import shared_task

from waldur_mastermind.marketplace_site_agent.messages.carrier import carry
from waldur_mastermind.marketplace_site_agent.messages.outbox import CARRY
from waldur_mastermind.marketplace_site_agent.messages.upkeep import close_stale_queues


@shared_task(name=CARRY, ignore_result=True)
def carry_messages() -> int:
    """Carry to the agents' queues what waits; returns how many messages went."""
    return carry()


@shared_task(name="site_agent.close_stale_queues", ignore_result=True)
def close_queues() -> int:
    """Shut out agents whose token died; returns how many."""
    return close_stale_queues()
