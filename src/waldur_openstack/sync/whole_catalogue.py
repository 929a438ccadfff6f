"""What a whole cloud offers: flavors, images, volume types and zones, and which tenants may use the private ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction

from waldur_core.operations.errors import Invalid
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import each
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.sync.catalogue import FLAVORS, IMAGES, INSTANCE_ZONES, VOLUME_TYPES, VOLUME_ZONES, Offer, follow
from waldur_openstack.sync.reconcile import Outcome
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.signals import offer_changed


@dataclass(frozen=True)
class WholeOffer:
    """An offer as the service account sees it, with the private items; `users` names the projects that may use one."""

    offer: Offer
    listing: Callable[[Cloud], list[JSON]]
    users: Callable[[Cloud, JSON], Iterable[str]] = lambda cloud, found: ()


def users_of_image(cloud: Cloud, found: JSON) -> Iterable[str]:
    members = cloud.image.members(found["id"]) if found["visibility"] == "shared" else []
    return [found["owner"], *members]


WHOLE_VOLUME_TYPES = WholeOffer(
    VOLUME_TYPES,
    lambda cloud: cloud.block_storage.volume_types(everywhere=True),
    lambda cloud, found: cloud.block_storage.users_of_volume_type(found["id"]),
)
OFFERS = (
    WholeOffer(
        FLAVORS,
        lambda cloud: cloud.compute.flavors(everywhere=True),
        lambda cloud, found: cloud.compute.users_of_flavor(found["id"]),
    ),
    WholeOffer(IMAGES, lambda cloud: cloud.image.images(status="active"), users_of_image),
    WHOLE_VOLUME_TYPES,
    WholeOffer(INSTANCE_ZONES, INSTANCE_ZONES.listing),
    WholeOffer(VOLUME_ZONES, VOLUME_ZONES.listing),
)


def follow_catalogue(service_settings: ServiceSettings, cloud: Cloud, scope: Scope) -> Outcome:
    outcome = Outcome()
    for whole in OFFERS:
        outcome.add(follow_offer(whole, service_settings, cloud, scope))
    return outcome


def follow_offer(whole: WholeOffer, service_settings: ServiceSettings, cloud: Cloud, scope: Scope) -> Outcome:
    found = whole.listing(cloud)
    private = [item for item in found if not whole.offer.columns(item).get("is_public", True)]
    told = each(partial(whole.users, cloud), private)
    users = {item[whole.offer.key]: set(names) for item, names in zip(private, told, strict=True)}
    return take(whole.offer, service_settings, scope, found, users)


@transaction.atomic
def take(
    offer: Offer, service_settings: ServiceSettings, scope: Scope, found: list[JSON], users: dict[str, set[str]]
) -> Outcome:
    """Rows of public items, and of private ones that tenants of ours may use; others are nobody's business here."""
    model = offer.model._default_manager
    usable = {key: [t for name in projects if (t := scope.owner(name))] for key, projects in users.items()}
    wanted = {item[offer.key]: offer.columns(item) for item in found if usable.get(item[offer.key], True)}
    known = {item.backend_id: item for item in model.filter(settings=service_settings)}
    if known and not found:
        raise Invalid(f"The cloud shows not one {offer.model._meta.verbose_name}: that is not believed.")
    fresh = [
        offer.model(settings=service_settings, backend_id=key, **row) for key, row in wanted.items() if key not in known
    ]
    model.bulk_create(fresh, ignore_conflicts=True)
    changed = follow({item: wanted[key] for key, item in known.items() if key in wanted})
    gone = [item.pk for key, item in known.items() if key not in wanted]
    if gone:
        model.filter(pk__in=gone).delete()
    share(offer.model, service_settings, {key: tenants for key, tenants in usable.items() if tenants})
    if fresh or changed or gone:
        offer_changed.send(sender=offer.model, service=service_settings)
    return Outcome(seen=len(wanted), changed=changed, new=len(fresh), missing=len(gone))


def share(model: Any, service_settings: ServiceSettings, usable: dict[str, list[Any]]) -> None:
    """The tenants that may use the private items are exactly these."""
    item_id = f"{model._meta.model_name}_id"
    links = model.tenants.through._default_manager
    own = model.objects.filter(settings=service_settings)
    keys = dict(own.filter(backend_id__in=usable).values_list("backend_id", "pk"))
    wanted = {(keys[key], tenant.pk) for key, tenants in usable.items() if key in keys for tenant in tenants}
    linked = links.filter(**{f"{item_id}__in": own.values("pk")}).values_list("pk", item_id, "tenant_id")
    known = {(item, tenant): pk for pk, item, tenant in linked}
    if stale := [pk for link, pk in known.items() if link not in wanted]:
        links.filter(pk__in=stale).delete()
    fresh = [links.model(**{item_id: item, "tenant_id": tenant}) for item, tenant in wanted - known.keys()]
    if fresh:
        links.bulk_create(fresh, ignore_conflicts=True)
