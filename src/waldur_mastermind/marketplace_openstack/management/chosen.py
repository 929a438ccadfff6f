"""What the commands of this app share: which clouds they are about, a bar of how far they are, and how they end.

Exit codes: 0 nothing was found, 1 something was found, 2 it could not be looked.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from rich.console import Console
from rich.progress import track

from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_openstack.recovery.clouds import clouds

T = TypeVar("T")
FOUND, UNREADABLE = 1, 2
TENANT_OFFERING = "OpenStack.Tenant"


def fail(message: str) -> CommandError:
    return CommandError(message, returncode=UNREADABLE)


def uuid_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise fail(f"{text} is no uuid.") from None


def service_of_offering(name_or_uuid: str) -> ServiceSettings:
    """The cloud that an offering of tenants sells; it may be named by uuid, or by a name that only one has."""
    found: Any = Offering.objects.filter(type=TENANT_OFFERING)
    try:
        found = found.filter(uuid=UUID(name_or_uuid))
    except ValueError:
        found = found.filter(name=name_or_uuid)
    offerings: QuerySet[Offering] = found
    if len(offerings) != 1:
        number = len(offerings) or "no"
        raise fail(f"There are {number} offerings of type {TENANT_OFFERING} called {name_or_uuid}.")
    service: Any = offerings[0].scope
    if service is None or not service.secret_options:
        raise fail(f"The offering {name_or_uuid} is not connected to a cloud.")
    return service


def chosen(offering: str | None) -> list[ServiceSettings]:
    """The cloud of the offering, or all clouds."""
    return [service_of_offering(offering)] if offering else list(clouds())


def followed(command: BaseCommand, items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """The items, with a bar on the terminal's error stream; nothing where there is no terminal."""
    console = Console(file=getattr(command.stderr, "_out", None))
    yield from track(items, title, total=total, console=console, transient=True, disable=not console.is_terminal)
