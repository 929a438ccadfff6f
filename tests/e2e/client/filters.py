"""For each query parameter of the client's lists: a value that finds the standing object, and one that does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.e2e.client.stage import Row, Stage
from waldur_openstack import models

NOBODY = UUID(int=1)
Value = Callable[[Stage, Row], Any]


@dataclass(frozen=True)
class Filter:
    """`finds` the standing object, or that of `subject`; `misses` it. Either is None when nothing does."""

    finds: Value | None
    misses: Any = None
    subject: Value | None = None

    def missing(self, stage: Stage, row: Row) -> Any:
        return self.misses(stage, row) if callable(self.misses) else self.misses


def of(path: str, misses: Any = "no such thing") -> Filter:
    """An attribute of the object, at a dotted path."""

    def value(stage: Stage, row: Row) -> Any:
        for part in path.split("."):
            row = getattr(row, part)
        return row

    return Filter(value, misses)


def link(path: str) -> Filter:
    """The link of something related."""
    related = of(path)
    return Filter(lambda stage, row: stage.link(related.finds(stage, row)), f"http://nowhere/api/x/{NOBODY.hex}/")


def uuid(path: str) -> Filter:
    return of(f"{path}.uuid", NOBODY)


def flag(value: bool) -> Filter:
    return Filter(lambda stage, row: value, not value)


def settings_link(stage: Stage, row: Row) -> str:
    return f"{stage.url}/api/service-settings/{stage.tenant.service_settings.uuid.hex}/"


def tenant_link(stage: Stage, row: Row) -> str:
    return stage.link(stage.tenant)


def tenant_uuid(stage: Stage, row: Row) -> UUID:
    return stage.tenant.uuid


def offering_uuid(stage: Stage, row: Row) -> UUID:
    return stage.estate.resource_of(stage.tenant).offering.uuid


def attached_volume(stage: Stage, row: Row) -> Row:
    return stage.server.volumes.earliest("pk")


def restored_volume(stage: Stage, row: Row) -> Row:
    return stage.restored_volume


def source_snapshot(stage: Stage, row: Row) -> Row:
    return stage.restored_volume.restoration.snapshot


def snapshot_of_backup(stage: Stage, row: Row) -> Row:
    return stage.backup.snapshots.earliest("pk")


def group_of_server(stage: Stage, row: Row) -> Row:
    return stage.server.security_groups.earliest("pk")


def part(path: str) -> Filter:
    """A piece of a text, for filters that look for what contains it."""
    whole = of(path)
    return Filter(lambda stage, row: str(whole.finds(stage, row))[1:-1].upper(), "no such thing")


NOWHERE = f"http://nowhere/api/x/{NOBODY.hex}/"
FILTERS: dict[str, Filter] = {
    "address": of("address", "192.0.2.254"),
    "admin_state_up": flag(True),
    "availability_zone_name": of("availability_zone.name"),
    "backend_id": of("backend_id"),
    "cores": of("cores", 77),
    "cores_gte": of("cores", 77),
    "cores_lte": of("cores", 0),
    "customer": uuid("project.customer"),
    "customer_abbreviation": part("project.customer.abbreviation"),
    "customer_name": part("project.customer.name"),
    "customer_native_name": part("project.customer.native_name"),
    "customer_uuid": uuid("project.customer"),
    "description": part("description"),
    "device_id": of("device_id"),
    "device_owner": of("device_owner"),
    "dst_resource_uuid": uuid("dst_resource"),
    "direct_only": Filter(lambda stage, row: True),
    "direction": Filter(lambda stage, row: "outbound"),  # seen from both ends; RBACPolicies.list tells them apart
    "disk": of("disk", 77),
    "disk_gte": of("disk", 10**7),
    "disk_lte": of("disk", 0),
    "enable_dhcp": flag(True),
    "exclude_subnet_uuids": Filter(lambda stage, row: NOBODY.hex, lambda stage, row: row.subnet.uuid.hex),
    "fixed_ips": Filter(lambda stage, row: row.fixed_ips[0]["ip_address"], "203.0.113.99"),
    "free": flag(False),
    "has_device_owner": flag(True),
    "instance": link("instance"),
    "instance_uuid": uuid("instance"),
    "ip_version": of("ip_version", 6),
    "is_external": flag(False),
    "is_rescue_image": flag(False),
    "mac_address": of("mac_address", "fa:16:3e:ff:ff:ff"),
    "name": part("name"),
    "name_exact": of("name"),
    "name_iregex": Filter(lambda stage, row: f"^{row.name.upper()}$", "^nothing$"),
    "network": link("network"),
    "network_name": part("network.name"),
    "network_uuid": uuid("network"),
    "offering_uuid": Filter(offering_uuid, NOBODY),
    "policy_type": Filter(lambda stage, row: "access_as_shared", "access_as_external"),
    "project": uuid("project"),
    "project_name": part("project.name"),
    "project_uuid": uuid("project"),
    "query": part("name"),
    "ram": of("ram", 77),
    "ram_gte": of("ram", 10**8),
    "ram_lte": of("ram", 0),
    "rbac_only": Filter(lambda stage, row: False, True),
    "runtime_state": of("runtime_state"),
    "service_settings_name": part("service_settings.name"),
    "service_settings_uuid": uuid("service_settings"),
    "settings": Filter(settings_link, NOWHERE),
    "settings_uuid": Filter(lambda stage, row: stage.tenant.service_settings.uuid, NOBODY),
    "show_duplicate_names": Filter(lambda stage, row: True),
    "source_volume": link("source_volume"),
    "source_volume_uuid": uuid("source_volume"),
    "src_resource_uuid": uuid("src_resource"),
    "state": Filter(lambda stage, row: ["OK"], ["ERRED", "CREATING"]),
    "status": of("status"),
    "target_tenant": link("target_tenant"),
    "target_tenant_uuid": uuid("target_tenant"),
    "tenant": Filter(tenant_link, NOWHERE),
    "tenant_uuid": Filter(tenant_uuid, NOBODY),
    "type_": of("type"),
}
# Where a parameter means something else, or needs another object than the standing one.
OF_KIND: dict[tuple[str, str], Filter] = {
    ("backups", "backend_id"): Filter(None, "no such thing"),  # the cloud has no backups, only their snapshots
    ("instances", "external_ip"): Filter(
        lambda stage, row: models.FloatingIP.objects.get(port__instance=row).address, "203.0.113.99"
    ),
    ("instances", "attach_volume_uuid"): Filter(
        lambda stage, row: stage.volume.uuid, lambda stage, row: attached_volume(stage, row).uuid
    ),
    ("instances", "security_group"): Filter(lambda stage, row: stage.link(group_of_server(stage, row)), NOWHERE),
    ("instances", "security_group_uuid"): Filter(lambda stage, row: group_of_server(stage, row).uuid, NOBODY),
    ("volumes", "attach_instance_uuid"): Filter(lambda stage, row: stage.server.uuid, NOBODY),
    ("volumes", "instance"): Filter(lambda stage, row: stage.link(row.instance), NOWHERE, attached_volume),
    ("volumes", "instance_uuid"): Filter(lambda stage, row: row.instance.uuid, NOBODY, attached_volume),
    ("volumes", "snapshot"): Filter(
        lambda stage, row: stage.link(source_snapshot(stage, row)), NOWHERE, restored_volume
    ),
    ("volumes", "snapshot_uuid"): Filter(lambda stage, row: source_snapshot(stage, row).uuid, NOBODY, restored_volume),
    ("snapshots", "backup"): Filter(lambda stage, row: stage.link(stage.backup), NOWHERE, snapshot_of_backup),
    ("snapshots", "backup_uuid"): Filter(lambda stage, row: stage.backup.uuid, NOBODY, snapshot_of_backup),
}
WITHOUT_EFFECT = "external_ip"  # on everything but servers, which alone have addresses


def filter_of(kind: str, parameter: str) -> Filter | None:
    return OF_KIND.get((kind, parameter)) or FILTERS.get(parameter)
