"""Glance's objects as columns."""

from django.db import transaction
from django.utils.dateparse import parse_datetime

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Image, Tenant
from waldur_openstack.quotas import MIB_PER_GIB
from waldur_openstack.sync.kinds import Columns

FOR_ALL = ("public", "community")


def image_columns(found: JSON) -> Columns:
    return {
        "name": found["name"] or found["id"],
        "min_disk": found["min_disk"] * MIB_PER_GIB,
        "min_ram": found["min_ram"],
        "backend_created_at": parse_datetime(found["created_at"]),
        "hw_rescue_device": found.get("hw_rescue_device", ""),
        "hw_rescue_bus": found.get("hw_rescue_bus", ""),
        "is_public": found["visibility"] in FOR_ALL,
    }


def image_is_for(found: JSON, tenant: Tenant) -> bool:
    """The service account sees the images of all projects: this is one that the tenant may use."""
    return found["visibility"] in FOR_ALL or found["owner"] == tenant.backend_id


@transaction.atomic
def keep_image(tenant: Tenant, found: JSON) -> Image:
    """The row of one image of the tenant, as Glance has it now."""
    image, _ = Image.objects.update_or_create(
        settings=tenant.service_settings, backend_id=found["id"], defaults=image_columns(found)
    )
    if not image.is_public:
        image.tenants.add(tenant)
    return image
