"""What a cloud offers to a tenant. Writes only what differs, in a constant number of statements."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import (
    Flavor,
    Image,
    InstanceAvailabilityZone,
    Tenant,
    VolumeAvailabilityZone,
    VolumeType,
)
from waldur_openstack.models.identity import CatalogueItem
from waldur_openstack.sync.block_storage import volume_type_columns
from waldur_openstack.sync.compute import flavor_columns, zone_columns
from waldur_openstack.sync.image import image_columns, image_is_for
from waldur_openstack.sync.kinds import Columns
from waldur_openstack.sync.signals import offer_changed


@dataclass(frozen=True)
class Offer:
    """One kind of item in a cloud's catalogue; `key` is its id there."""

    model: type[CatalogueItem]
    listing: Callable[[Cloud], list[JSON]]
    columns: Callable[[JSON], Columns]
    key: str = "id"
    for_tenant: Callable[[JSON, Tenant], bool] = lambda found, tenant: True


FLAVORS = Offer(Flavor, lambda cloud: cloud.compute.flavors(), flavor_columns)
IMAGES = Offer(Image, lambda cloud: cloud.image.images(status="active"), image_columns, for_tenant=image_is_for)
VOLUME_TYPES = Offer(VolumeType, lambda cloud: cloud.block_storage.volume_types(), volume_type_columns)
INSTANCE_ZONES = Offer(InstanceAvailabilityZone, lambda cloud: cloud.compute.zones(), zone_columns, "zoneName")
VOLUME_ZONES = Offer(VolumeAvailabilityZone, lambda cloud: cloud.block_storage.zones(), zone_columns, "zoneName")


@transaction.atomic
def take_offer(offer: Offer, tenant: Tenant, found: list[JSON]) -> None:
    """Make the catalogue of the tenant's cloud say what the tenant was shown."""
    settings, model = tenant.service_settings, offer.model
    wanted = {item[offer.key]: offer.columns(item) for item in found if offer.for_tenant(item, tenant)}
    known = {item.backend_id: item for item in model._default_manager.filter(settings=settings)}
    fresh = [model(settings=settings, backend_id=key, **row) for key, row in wanted.items() if key not in known]
    # two tenants of one cloud may find the same new item at the same moment
    model._default_manager.bulk_create(fresh, ignore_conflicts=True)
    changed = follow({item: wanted[key] for key, item in known.items() if key in wanted})
    private = {key for key, row in wanted.items() if not row.get("is_public", True)}
    share(tenant, model, private)
    # public items the cloud no longer shows are gone for everybody
    gone = [item.pk for key, item in known.items() if item.is_public and key not in wanted]
    if gone:
        model._default_manager.filter(pk__in=gone).delete()
    if fresh or changed or gone:
        offer_changed.send(sender=model, service=settings)


def follow(wanted: dict[Any, Columns]) -> int:
    """Items to what their columns should be; returns how many were not."""
    changed, columns = [], {"modified"}
    for item, row in wanted.items():
        differing = {name: value for name, value in row.items() if getattr(item, name) != value}
        if differing:
            for name, value in {**differing, "modified": timezone.now()}.items():
                setattr(item, name, value)
            columns |= differing.keys()
            changed.append(item)
    if changed:
        type(changed[0])._default_manager.bulk_update(changed, sorted(columns))
    return len(changed)


def share(tenant: Tenant, model: Any, private: set[str]) -> None:
    """The private items that the tenant may use are exactly these."""
    links = getattr(tenant, f"{model._meta.model_name}s")
    if private or links.exists():
        links.set(model.objects.filter(settings=tenant.service_settings, backend_id__in=private))
