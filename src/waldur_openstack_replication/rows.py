"""From a plan to rows: the migration with its items, the new resource, and the tenant with all that will be in it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db import transaction

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.structure.models import User
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_mastermind.marketplace.models import Plan as TariffPlan
from waldur_mastermind.marketplace_openstack.limits import types_of
from waldur_openstack.credentials import generated_credentials
from waldur_openstack.models import Network, Port, Router, SecurityGroup, SubNet, Tenant
from waldur_openstack_replication.models import Migration, MigrationItem
from waldur_openstack_replication.planning.limits import by_types
from waldur_openstack_replication.planning.plan import Plan, Wishes
from waldur_openstack_replication.source import Source
from waldur_openstack_replication.workflows import Run
from waldur_openstack_replication.workflows.context import Kind, State

COLUMNS = ("cidr", "gateway_ip", "allocation_pools", "ip_version", "enable_dhcp", "dns_nameservers", "host_routes",
           "ipv6_ra_mode", "ipv6_address_mode")  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A migration that is asked for, everything looked up and allowed."""

    user: User
    src_resource: Resource
    offering: Offering
    tariff: TariffPlan
    name: str
    description: str
    mappings: dict[str, Any]
    wishes: Wishes
    default_volume_type: str = ""

    @property
    def source_limits(self) -> dict[str, int | None]:
        """Of the source's resource, volume types by their names."""
        return by_types(self.src_resource.limits, types_of(self.src_resource.offering.scope))

    @property
    def service(self) -> Any:
        return self.offering.scope


@transaction.atomic
def create_migration(asked: Request, source: Source, plan: Plan, external_network: str) -> Migration:
    """Everything that is planned, and the operation that makes it real."""
    tenant = make_tenant(asked, plan)
    resource = Resource(
        name=asked.name, description=asked.description, offering=asked.offering, plan=asked.tariff,
        project=asked.src_resource.project, limits=plan.limits, attributes={"name": asked.name},
    )  # fmt: skip
    resource.scope = tenant
    resource.save()
    migration = Migration.objects.create(
        created_by=asked.user,
        src_resource=asked.src_resource,
        dst_resource=resource,
        service_settings=asked.service,
        **columns_of(asked, plan, external_network),
    )
    make_items(migration, tenant, source, plan)
    start(Run, migration, user=asked.user, parameters={"tenant": tenant.uuid.hex})
    return migration


@transaction.atomic
def replan(migration: Migration, asked: Request, source: Source, plan: Plan, external_network: str) -> None:
    """Another plan for a migration that has made nothing yet; it begins anew."""
    tenant: Any = migration.tenant
    for model in (Port, SubNet, Network, Router, SecurityGroup):
        model.objects.filter(tenant=tenant).delete()
    migration.items.all().delete()
    for name, value in columns_of(asked, plan, external_network).items():
        setattr(migration, name, value)
    migration.save()
    resource = migration.dst_resource
    resource.limits = plan.limits
    resource.save(update_fields=["limits", "modified"])
    tenant.skip_connection_extnet = asked.wishes.skip_connection_extnet
    tenant.save(update_fields=["skip_connection_extnet", "modified"])
    counters.set_limits(tenant, plan.quotas)
    make_items(migration, tenant, source, plan)


def columns_of(asked: Request, plan: Plan, external_network: str) -> dict[str, Any]:
    wishes = {**vars(asked.wishes), "networks": sorted(asked.wishes.networks)}
    counts = Counter(f"{item.kind}:{item.action}" for item in plan.items)
    told = {name: getattr(plan, name) for name in ("limits", "quotas", "source_read_from")}
    told |= {"conflicts": list(plan.conflicts), "notices": list(plan.notices), "counts": dict(counts)}
    return {
        "mappings": asked.mappings,
        "fingerprint": plan.fingerprint,
        "plan": {**told, "wishes": wishes, "external_network": external_network},
    }


def make_tenant(asked: Request, plan: Plan) -> Tenant:
    tenant = Tenant.objects.create(
        service_settings=asked.service,
        project=asked.src_resource.project,
        name=asked.name,
        description=asked.description,
        skip_connection_extnet=asked.wishes.skip_connection_extnet,
        skip_creation_of_default_router=True,
        skip_creation_of_default_subnet=True,
        availability_zone=str(asked.service.options.get("availability_zone") or ""),
        default_volume_type_name=asked.default_volume_type,
        **generated_credentials(asked.name),
    )
    counters.set_limits(tenant, plan.quotas)
    return tenant


def make_items(migration: Migration, tenant: Tenant, source: Source, plan: Plan) -> None:
    """The plan made durable, and a row of each object that will be made. Rules and interfaces get theirs when made."""
    items = [
        MigrationItem(
            migration=migration,
            uuid=uuid4(),
            kind=planned.kind,
            state=State.SKIPPED if planned.left_out else State.PLANNED,
            source_id=planned.source_id,
            source_uuid=source.uuids.get(planned.source_id),
            name=planned.name[:255],
            address=planned.address[:255],
            wanted=planned.wanted,
            reason=(planned.left_out or planned.note)[:1000],
        )
        for planned in plan.items
    ]
    MigrationItem.objects.bulk_create(items, batch_size=500)
    make_rows(tenant, [item for item in items if item.state == State.PLANNED])


def make_rows(tenant: Tenant, items: list[MigrationItem]) -> None:
    rows: dict[str, dict[str, Any]] = {kind: {} for kind in Kind.values}

    def make(kind: str, model: Any, **more: Any) -> None:
        for item in items:
            if item.kind == kind and not item.is_cloud_made:
                columns = {name: value(item) for name, value in more.items()}
                rows[kind][item.source_id] = model(**common(tenant, item), **columns)
        model.objects.bulk_create(rows[kind].values(), batch_size=500)

    make(
        Kind.NETWORK, Network, mtu=lambda i: i.wanted.get("mtu"),
        port_security_enabled=lambda i: i.wanted["port_security_enabled"],
    )  # fmt: skip
    networks = rows[Kind.NETWORK]
    make(
        Kind.SUBNET, SubNet, network=lambda i: networks[i.wanted["network"]],
        disable_gateway=lambda i: i.wanted["gateway_ip"] is None,
        **{name: _wanted(name) for name in COLUMNS},
    )  # fmt: skip
    make(Kind.ROUTER, Router)
    make(Kind.SECURITY_GROUP, SecurityGroup)
    subnets = rows[Kind.SUBNET]
    make(
        Kind.PORT, Port, network=lambda i: networks[i.wanted["network"]],
        subnet=lambda i: next((subnets.get(fixed["subnet"]) for fixed in i.wanted["fixed_ips"]), None),
        mac_address=_wanted("mac_address"), port_security_enabled=_wanted("port_security_enabled"),
        allowed_address_pairs=_wanted("allowed_address_pairs"),
    )  # fmt: skip
    link_groups(rows[Kind.PORT], rows[Kind.SECURITY_GROUP], items)


def _wanted(name: str) -> Any:
    return lambda item: item.wanted[name]


def link_groups(ports: dict[str, Any], groups: dict[str, Any], items: list[MigrationItem]) -> None:
    through: Any = Port.security_groups.through
    through.objects.bulk_create(
        [
            through(port_id=ports[item.source_id].pk, securitygroup_id=groups[group].pk)
            for item in items
            if item.kind == Kind.PORT
            for group in item.wanted["security_groups"]
            if group in groups
        ],
        batch_size=1000,
    )


def common(tenant: Tenant, item: MigrationItem) -> dict[str, Any]:
    return {
        "uuid": item.uuid,
        "tenant": tenant,
        "project": tenant.project,
        "service_settings": tenant.service_settings,
        "name": item.name[:150],
        "description": item.description,
        "state": CoreState.CREATION_SCHEDULED,
    }


def has_made_nothing(migration: Migration) -> bool:
    """Whether another plan may still be made for it."""
    tenant = migration.tenant
    if tenant is None or tenant.backend_id or migration.rolled_back:
        return False
    if migration.items.filter(state__in=MigrationItem.MADE).exists():
        return False
    operation = Operation.objects.filter(subject_uuid=migration.uuid).order_by("-pk").first()
    return operation is None or (operation.cursor == 0 and operation.lease_token is None)
