"""New credentials for a resource whose service can give them: asked for here, given by its agent.

The wish is a mark in the resource's metadata, which agents read and write anyway. The agent answers by telling metadata
that name the wish it has served; until then the mark stays, whatever else it tells.
"""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace.models import Resource

WISH, SERVED = "access_renewal", "access_renewed"


def can_renew(resource: Resource) -> bool:
    """Its agent has told that it renews access."""
    return SERVED in resource.backend_metadata


def ask(resource: Resource) -> None:
    """Raises 409 when nobody would answer."""
    if not can_renew(resource):
        raise Conflict(f"The service of {resource} gives no credentials that could be renewed.")
    if resource.state != Resource.State.OK:
        raise Conflict(f"{resource} is {resource.state}: its access can be renewed when it is OK.")
    resource.backend_metadata = {**resource.backend_metadata, WISH: timezone.now().isoformat()}
    resource.save(update_fields=["backend_metadata", "modified"])


def keep_wish(resource: Resource, told: Mapping[str, Any]) -> dict[str, Any]:
    """What an agent tells, with the wish that it has not served yet."""
    wish = resource.backend_metadata.get(WISH)
    unserved = wish is not None and told.get(SERVED) != wish
    return {**told, WISH: wish} if unserved else {key: value for key, value in told.items() if key != WISH}
