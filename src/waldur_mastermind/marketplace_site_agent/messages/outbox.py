"""Writing down what agents are to be told. Payloads as the published agent reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from celery import current_app
from django.db import transaction

from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_mastermind.marketplace_site_agent.attributes import attributes_of
from waldur_mastermind.marketplace_site_agent.models import AgentMessage, AgentQueue, OfferingUser
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT
from waldur_mastermind.marketplace_site_agent.teams import backend_ids

CARRY = "site_agent.carry_messages"


def tell(offering: Offering, object_type: str, content: Mapping[str, Any]) -> None:
    """Tell the agents of the offering that listen to this type; in the transaction of what it tells of."""
    tell_several(offering, object_type, [content])


def tell_several(offering: Offering, object_type: str, contents: Sequence[Mapping[str, Any]]) -> None:
    """The same for many at once, in a fixed number of queries."""
    queues = list(AgentQueue.objects.filter(identity__offering=offering, object_types__contains=[object_type]))
    bodies = [{"object_type": object_type, **content} for content in contents]
    messages = [AgentMessage(queue=queue, body=body) for body in bodies for queue in queues]
    if AgentMessage.objects.bulk_create(messages):
        transaction.on_commit(lambda: current_app.send_task(CARRY), robust=True)


def tell_order(order: Order) -> None:
    tell(order.offering, "order", {"order_uuid": order.uuid.hex, "order_state": order.state})


def tell_resource(resource: Resource) -> None:
    tell(resource.offering, "resource", {"resource_uuid": resource.uuid.hex})


def tell_role(offering: Offering, grant: Any, granted: bool) -> None:
    """Somebody came to a project that has something of the offering, or left it."""
    project, user = grant.scope, grant.user
    content = {
        "user_uuid": user.uuid.hex,
        "user_username": user.username,
        "project_uuid": project.uuid.hex,
        "project_name": project.name,
        "role_name": grant.role.name,
        "granted": granted,
    }
    tell(offering, "user_role", content)


def tell_account(account: OfferingUser, action: str, changed: Sequence[str] = ()) -> None:
    """`action`: create, update, delete, username_set."""
    tell_several(account.offering, "offering_user", _accounts(account.offering, [account], action, changed))


def tell_new_accounts(offering: Offering, accounts: Sequence[OfferingUser]) -> None:
    tell_several(offering, "offering_user", _accounts(offering, accounts, "create"))


def _accounts(
    offering: Offering, accounts: Sequence[OfferingUser], action: str, changed: Sequence[str] = ()
) -> list[dict[str, Any]]:
    used = backend_ids(offering, [account.user_id for account in accounts])
    return [
        {
            "offering_user_uuid": account.uuid.hex,
            "user_uuid": account.user.uuid.hex,
            "username": account.username,
            "state": account.state,
            "action": action,
            "offering_uuid": offering.uuid.hex,
            "attributes": attributes_of(account.user, offering),
            "changed_attributes": list(changed),
            "resource_backend_ids": used.get(account.user_id, []),
        }
        for account in accounts
    ]


def tell_project_account(kind: str, account: Any, action: str) -> None:
    """`kind`: service_account or course_account; `action`: create or delete."""
    content = {
        "account_uuid": account.uuid.hex,
        "account_username": account.username,
        "project_uuid": account.project.uuid.hex,
        "project_name": account.project.name,
        "scope_type": "project",
        "action": action,
    }
    for offering in agent_offerings(account.project):
        tell(offering, kind, content)


def agent_offerings(project: Project) -> list[Offering]:
    """The offerings of agents of which the project has something."""
    alive = Resource.objects.filter(project=project, state__in=Resource.ALIVE)
    return list(Offering.objects.filter(type=SITE_AGENT, pk__in=alive.values("offering_id")))
