"""What agents are told of the marketplace, and which accounts follow from it."""

from typing import Any

from django.dispatch import receiver

from waldur_core.permissions.grants import role_changed
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.changes import resource_changed
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.models.bases import state_entered
from waldur_mastermind.marketplace_site_agent import offering_users
from waldur_mastermind.marketplace_site_agent.messages.outbox import (
    agent_offerings,
    tell_order,
    tell_resource,
    tell_role,
)
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT

State = Order.State


@receiver(state_entered, sender=Order)
def order_entered(instance: Order, old: str, new: str, **_: Any) -> None:
    """An order is the agent's to work on. That it accepted the order itself is no news to it."""
    if instance.offering.type != SITE_AGENT:
        return
    if new == State.PENDING_PROVIDER:
        offering_users.ensure_accounts(instance.offering, offering_users.project_members(instance.project))
    if new == State.DONE and instance.type == Order.Type.RESTORE:
        tell_resource(instance.resource)  # agents tell nothing of what they have restored unless they look at it
    if new == State.PENDING_PROVIDER or (new == State.EXECUTING and old != State.PENDING_PROVIDER):
        tell_order(instance)


@receiver(resource_changed)
def resource_was_changed(resource: Resource, **_: Any) -> None:
    if resource.offering.type == SITE_AGENT:
        tell_resource(resource)


@receiver(role_changed)
def member_came_or_left(grant: Any, granted: bool, **_: Any) -> None:
    """People of a project have accounts at the services it uses."""
    if not isinstance(grant.scope, Project):
        return
    for offering in agent_offerings(grant.scope):
        if granted:
            offering_users.ensure_accounts(offering, [grant.user])
        else:
            offering_users.drop_account(offering, grant.user)
        tell_role(offering, grant, granted)
