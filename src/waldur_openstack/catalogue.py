"""Reading what a cloud offers to a tenant, and how much the tenant uses. Writes only what differs."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import (
    Flavor,
    Image,
    InstanceAvailabilityZone,
    SecurityGroup,
    SecurityGroupRule,
    Tenant,
    VolumeAvailabilityZone,
    VolumeType,
)
from waldur_openstack.quotas import MIB_PER_GIB
from waldur_openstack.sync.image import FOR_ALL, image_columns


def pull_flavors(tenant: Tenant, cloud: Cloud) -> None:
    rows = {
        item["id"]: {
            "name": item["name"],
            "cores": item["vcpus"],
            "ram": item["ram"],
            "disk": item["disk"] * MIB_PER_GIB,
            "is_public": item.get("os-flavor-access:is_public", True),
        }
        for item in cloud.compute.flavors()
    }
    reconcile(Flavor, tenant, rows)


def pull_images(tenant: Tenant, cloud: Cloud) -> None:
    """The service account sees the images of all projects; taken are those that the tenant may use."""
    found = cloud.image.images(status="active")
    rows = {item["id"]: image_columns(item) for item in found if _for_tenant(tenant, item)}
    reconcile(Image, tenant, rows)


def _for_tenant(tenant: Tenant, image: JSON) -> bool:
    return image["visibility"] in FOR_ALL or image["owner"] == tenant.backend_id


@transaction.atomic
def keep_image(tenant: Tenant, item: JSON) -> Image:
    """The row of one image of the tenant, as Glance has it now."""
    image, _ = Image.objects.update_or_create(
        settings=tenant.service_settings, backend_id=item["id"], defaults=image_columns(item)
    )
    if not image.is_public:
        image.tenants.add(tenant)
    return image


def pull_volume_types(tenant: Tenant, cloud: Cloud) -> None:
    rows = {
        item["id"]: {
            "name": item["name"],
            "description": item.get("description") or "",
            "is_public": item.get("os-volume-type-access:is_public", item.get("is_public", True)),
        }
        for item in cloud.block_storage.volume_types()
    }
    reconcile(VolumeType, tenant, rows)


def pull_zones(tenant: Tenant, cloud: Cloud) -> None:
    sources: tuple[tuple[Any, Iterable[JSON]], ...] = (
        (InstanceAvailabilityZone, cloud.compute.zones()),
        (VolumeAvailabilityZone, cloud.block_storage.zones()),
    )
    for model, zones in sources:
        rows = {
            item["zoneName"]: {"name": item["zoneName"], "available": item["zoneState"]["available"]} for item in zones
        }
        reconcile(model, tenant, rows)


@transaction.atomic
def reconcile(model: Any, tenant: Tenant, rows: dict[str, dict[str, Any]]) -> None:
    """Make the catalogue of the tenant's cloud say what `rows` ({backend id: columns}) say."""
    settings = tenant.service_settings
    known = {item.backend_id: item for item in model.objects.filter(settings=settings)}
    fresh = [model(settings=settings, backend_id=key, **row) for key, row in rows.items() if key not in known]
    # two tenants of one cloud may find the same new item at the same moment
    if fresh:
        model.objects.bulk_create(fresh, ignore_conflicts=True)
    for key, row in rows.items():
        item = known.get(key)
        changed = [name for name, value in row.items() if item is not None and getattr(item, name) != value]
        if item is not None and changed:
            for name in changed:
                setattr(item, name, row[name])
            item.save(update_fields=[*changed, "modified"])
    private = [key for key, row in rows.items() if not row.get("is_public", True)]
    links = getattr(tenant, f"{model._meta.model_name}s")
    if private or links.exists():
        links.set(model.objects.filter(settings=settings, backend_id__in=private))
    # public items the cloud no longer shows are gone for everybody
    gone = [item.pk for key, item in known.items() if item.is_public and key not in rows]
    if gone:
        model.objects.filter(pk__in=gone).delete()


@transaction.atomic
def pull_security_groups(tenant: Tenant, cloud: Cloud) -> None:
    """Take in the groups the cloud made itself, such as `default`."""
    known = set(tenant.securitygroups.values_list("backend_id", flat=True))
    for group in cloud.network.list("security_group", project_id=tenant.backend_id):
        if group["id"] in known:
            continue
        row = SecurityGroup.objects.create(
            tenant=tenant,
            name=group["name"],
            description=group.get("description") or "",
            backend_id=group["id"],
            state=CoreState.OK,
        )
        SecurityGroupRule.objects.bulk_create([_rule(row, rule) for rule in group["security_group_rules"]])


def _rule(group: SecurityGroup, rule: JSON) -> SecurityGroupRule:
    remote = rule["remote_group_id"]
    return SecurityGroupRule(
        security_group=group,
        backend_id=rule["id"],
        direction=rule["direction"],
        ethertype=rule["ethertype"],
        protocol=rule["protocol"] or "",
        from_port=rule["port_range_min"],
        to_port=rule["port_range_max"],
        cidr=rule["remote_ip_prefix"],
        description=rule.get("description") or "",
        remote_group=group
        if remote == group.backend_id
        else SecurityGroup.objects.filter(tenant=group.tenant, backend_id=remote or "-").first(),
    )


def pull_quotas(tenant: Tenant, cloud: Cloud) -> None:
    """Usages and limits as the cloud counts them."""
    project = tenant.backend_id
    answers = (
        ("compute", cloud.compute.quotas(project), "in_use"),
        ("block_storage", cloud.block_storage.quotas(project), "in_use"),
        ("network", cloud.network.quotas(project), "used"),
    )
    usages: dict[str, int] = {}
    for service, answer, key in answers:
        usages |= quotas.from_backend(service, answer, key)
    counters.set_usages(tenant, usages)
