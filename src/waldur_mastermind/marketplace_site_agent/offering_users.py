"""The accounts of users at a service: made when somebody comes to have something there, ended when nothing is left."""

from collections.abc import Collection, Sequence
from itertools import chain, count
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell_account, tell_new_accounts
from waldur_mastermind.marketplace_site_agent.models import OfferingUser
from waldur_mastermind.marketplace_site_agent.teams import project_grants, users_of

State = OfferingUser.State
ANONYMOUS_PREFIX = "walduruser_"


def has_accounts(offering: Offering) -> bool:
    """Whether the offering's service keeps an account for each user."""
    return bool(offering.plugin_options.get("service_provider_can_create_offering_user"))


@transaction.atomic
def ensure_accounts(offering: Offering, users: Sequence[Any]) -> None:
    """Give each of the users an account there; one that was to go stays."""
    if not has_accounts(offering):
        return
    Offering.objects.select_for_update(no_key=True).get(pk=offering.pk)  # user names are unique in an offering
    known = {account.user_id: account for account in offering.offering_users.filter(user__in=users)}
    create_accounts(offering, [user for user in users if user.pk not in known])
    for account in known.values():
        if account.state == State.REQUESTED_DELETION:
            change(account, State.OK if account.username else State.CREATING)
        elif account.state == State.DELETED:
            change(account, State.REQUESTED)


def create_accounts(offering: Offering, users: Sequence[Any], username: str = "") -> list[OfferingUser]:
    """OK at once when the name is known: given (for one), or by the offering's policy; else the provider names it."""
    taken = set(offering.offering_users.values_list("username", flat=True)) if users else set()
    accounts = []
    for user in users:
        name = username or generated_username(offering, user, taken)
        taken.add(name)
        state = State.OK if name else State.REQUESTED
        accounts.append(OfferingUser(offering=offering, user=user, username=name, state=state))
    OfferingUser.objects.bulk_create(accounts)
    tell_new_accounts(offering, accounts)
    return accounts


def generated_username(offering: Offering, user: Any, taken: Collection[str]) -> str:
    """By `username_generation_policy`; empty when the provider gives the names himself."""
    policy = offering.plugin_options.get("username_generation_policy", "service_provider")
    if policy == "waldur_username":
        return _free(user.username, taken)
    if policy == "full_name":
        return _free(slugify(user.full_name).replace("-", "_") or user.username, taken)
    if policy == "anonymized":
        prefix = offering.plugin_options.get("username_anonymized_prefix") or ANONYMOUS_PREFIX
        return next(name for number in count(1) if (name := f"{prefix}{number:05}") not in taken)
    return ""


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it when it is taken."""
    tries = chain([name[:100]], (f"{name[:90]}_{number}" for number in count(1)))
    return next(option for option in tries if option not in taken)


def change(account: OfferingUser, state: str, **columns: Any) -> None:
    """Move an account on; Conflict (409) where that cannot be."""
    account.enter(state, **columns)
    tell_account(account, "update", sorted({"state", *columns}))


@transaction.atomic
def set_username(account: OfferingUser, username: str) -> None:
    """The provider has named the account: it is ready."""
    account.username = username
    account.save(update_fields=["username", "modified"])
    if username and account.state in OfferingUser.COMING:
        account.enter(State.OK)
    tell_account(account, "username_set", ["username"])


def project_members(project: Project) -> list[Any]:
    grants = project_grants([project.pk]).order_by("user__username")
    return list({grant.user_id: grant.user for grant in grants}.values())


def drop_account(offering: Offering, user: Any) -> None:
    """Ask for the end of an account whose user has nothing of the offering any more."""
    account = OfferingUser.objects.filter(offering=offering, user=user).first()
    if account is None or account.state in (*OfferingUser.GOING, State.DELETED):
        return
    if not users_of(offering).filter(pk=user.pk).exists():
        change(account, State.REQUESTED_DELETION)
