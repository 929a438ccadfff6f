"""The usual way to follow a cloud, kept as a yardstick: one listing per tenant and kind, one row after the other.

It is fair to that way: it only lists, never asks for single objects, and saves only rows that differ.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.sync.quotas import read_quotas, take_quotas
from waldur_openstack.sync.register import KINDS


def poll(service_settings: ServiceSettings, most: int | None = None) -> int:
    """Follow all tenants, or the first `most`; returns how many objects were seen."""
    admin, seen = Cloud.of(service_settings), 0
    for tenant in (
        Tenant.objects.filter(service_settings=service_settings).select_related("project").order_by("pk")[:most]
    ):
        cloud = admin.in_project(tenant.backend_id)
        for kind in KINDS:
            seen += pull(kind, tenant, cloud)
        take_quotas(tenant, read_quotas(cloud, tenant.backend_id))
    return seen


def pull(kind: Kind, tenant: Tenant, cloud: Cloud) -> int:
    """One listing; one query per object, one more per reference, and a save of each row that differs."""
    found = kind.listing(cloud, tenant.backend_id)
    rows: Any = kind.model._default_manager.filter(tenant=tenant)
    for item in found:
        row = rows.filter(backend_id=item["id"]).first()
        if row is None:
            row = kind.model(tenant=tenant, backend_id=item["id"], state=CoreState.OK)
            row.project, row.service_settings_id = tenant.project, tenant.service_settings_id
        with transaction.atomic():
            save(kind, tenant, row, item)
    gone = {row.backend_id for row in rows} - {item["id"] for item in found}
    if kind.sub_resource:
        for backend_id in gone:
            rows.filter(backend_id=backend_id).delete()
    return len(found)


def save(kind: Kind, tenant: Tenant, row: Any, item: Any) -> None:
    columns = {**kind.columns(item), **kind.compared(row, item)}
    for relation in kind.relations:
        word = relation.backend_id(item)
        if word:
            own = {"tenant": tenant} if relation.is_own else {}
            target = relation.model._default_manager.filter(**{relation.key: word}, **own).first()
            columns[f"{relation.column}_id"] = target and target.pk
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if row.pk is None or changed:
        for name, value in changed.items():
            setattr(row, name, value)
        row.modified = timezone.now()
        row.save()
