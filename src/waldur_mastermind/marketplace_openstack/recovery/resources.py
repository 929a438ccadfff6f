"""Servers and volumes without a marketplace resource get one (seed: Lost Resource Recovery)."""

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, prefetch_related_objects
from django.utils.text import slugify

from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_mastermind.marketplace_openstack.metadata import described
from waldur_mastermind.marketplace_openstack.private_offerings import KINDS
from waldur_mastermind.marketplace_openstack.states import RESOURCE_STATES
from waldur_openstack.models import Instance, Tenant, Volume

logger = logging.getLogger(__name__)

BEING_MADE = (CoreState.CREATION_SCHEDULED, CoreState.CREATING)  # they get theirs when they are made
WITH_METADATA: dict[type, tuple[str, ...]] = {
    Tenant: (),
    Instance: ("ports__floating_ips", "ports__network"),
    Volume: ("instance", "type"),
}


def create_missing_resources(kinds: Iterable[Any] = (Instance, Volume), **filters: Any) -> int:
    """Make the resources that are missing, of all objects or those that match `filters`; returns how many.

    A fixed number of statements, however many there are. A tenant with no offering for the kind, or with several, is
    left out with a line in the log.
    """
    return sum(_create_missing(model, Q(**filters)) for model in kinds)


@transaction.atomic
def _create_missing(model: Any, which: Q) -> int:
    lost = list(lost_objects(model).filter(which).select_related("tenant", "project"))
    offerings = _offerings_for(model, {scope.tenant.uuid for scope in lost}) if lost else {}
    sold = [scope for scope in lost if scope.tenant.uuid in offerings]
    if not sold:
        return 0
    prefetch_related_objects(sold, *WITH_METADATA[model])
    parents = {
        resource.scope_uuid: resource
        for resource in Resource.objects.filter(scope_uuid__in=offerings).exclude(state=Resource.State.TERMINATED)
    }
    made = [_resource(scope, offerings[scope.tenant.uuid], parents.get(scope.tenant.uuid)) for scope in sold]
    Resource.objects.bulk_create(made, ignore_conflicts=True)  # somebody else may be making the same
    since = model.objects.filter(uuid=OuterRef("scope_uuid")).values("created")
    return Resource.objects.filter(uuid__in=[resource.uuid for resource in made]).update(created=Subquery(since))


def lost_objects(model: Any) -> QuerySet[Any]:
    """Rows that no living resource stands for."""
    living = Resource.objects.filter(scope_uuid=OuterRef("uuid")).exclude(state=Resource.State.TERMINATED)
    return model.objects.filter(~Exists(living)).exclude(state__in=BEING_MADE).select_related("tenant").order_by("pk")


def _offerings_for(model: Any, tenants: set[Any]) -> dict[Any, Offering]:
    """{uuid of the tenant: its offering}, where there is exactly one."""
    assert model.resource_type in KINDS
    offerings = list(Offering.objects.filter(scope_uuid__in=tenants, type=model.resource_type).exclude(
        state=Offering.State.ARCHIVED
    ))  # fmt: skip
    number = Counter(offering.scope_uuid for offering in offerings)
    for tenant in Tenant.objects.filter(uuid__in=[uuid for uuid in tenants if number[uuid] != 1]):
        logger.warning(
            "Tenant %s has %d offerings of type %s: its lost objects get no resources.",
            tenant, number[tenant.uuid], model.resource_type,
        )  # fmt: skip
    return {offering.scope_uuid: offering for offering in offerings if number[offering.scope_uuid] == 1}


def _resource(scope: Any, offering: Offering, parent: Resource | None) -> Resource:
    resource = Resource(
        offering=offering,
        project=scope.project,
        parent=parent,
        state=RESOURCE_STATES[CoreState(scope.state)],
        description=scope.description,
        error_message=scope.error_message,
        slug=slugify(scope.name)[:150],
        scope_uuid=scope.uuid,
        **described(scope),
    )
    resource.scope = scope
    return resource
