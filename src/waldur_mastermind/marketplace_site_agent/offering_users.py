"""The accounts of users at a service: made when somebody comes to have something there, ended when nothing is left."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell_account
from waldur_mastermind.marketplace_site_agent.models import OfferingUser
from waldur_mastermind.marketplace_site_agent.teams import project_grants, users_of

State = OfferingUser.State
ANONYMOUS_PREFIX = "walduruser_"


def has_accounts(offering: Offering) -> bool:
    """Whether the offering's service keeps an account for each user."""
    return bool(offering.plugin_options.get("service_provider_can_create_offering_user"))


@transaction.atomic
def ensure_accounts(offering: Offering, users: Iterable[Any]) -> None:
    """Give each of the users an account there; one that was to go stays."""
    if not has_accounts(offering):
        return
    Offering.objects.select_for_update(no_key=True).get(pk=offering.pk)  # user names are unique in an offering
    known = {account.user_id: account for account in offering.offering_users.filter(user__in=users)}
    for user in users:
        if user.pk not in known:
            create_account(offering, user)
        elif known[user.pk].state == State.REQUESTED_DELETION:
            change(known[user.pk], State.OK if known[user.pk].username else State.CREATING)
        elif known[user.pk].state == State.DELETED:
            change(known[user.pk], State.REQUESTED)


def create_account(offering: Offering, user: Any, username: str = "") -> OfferingUser:
    """OK at once when its name is known: given, or by the offering's policy; else the provider names it."""
    name = username or generated_username(offering, user)
    state = State.OK if name else State.REQUESTED
    account = OfferingUser.objects.create(offering=offering, user=user, username=name, state=state)
    tell_account(account, "create")
    return account


def generated_username(offering: Offering, user: Any) -> str:
    """By `username_generation_policy`; empty when the provider gives the names himself."""
    policy = offering.plugin_options.get("username_generation_policy", "service_provider")
    if policy == "waldur_username":
        return _free(offering, user.username)
    if policy == "full_name":
        return _free(offering, slugify(user.full_name).replace("-", "_") or user.username)
    if policy == "anonymized":
        prefix = offering.plugin_options.get("username_anonymized_prefix") or ANONYMOUS_PREFIX
        last = offering.offering_users.aggregate(last=Max("pk"))["last"] or 0
        return _free(offering, f"{prefix}{last + 1:05}")
    return ""


def _free(offering: Offering, name: str) -> str:
    """The name, with a number behind it when it is taken."""
    taken = set(offering.offering_users.filter(username__startswith=name).values_list("username", flat=True))
    tries = (name, *(f"{name}_{number}" for number in range(1, len(taken) + 1)))
    return next(option[:100] for option in tries if option not in taken)


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
