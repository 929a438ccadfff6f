"""Tenants: create (seed: Resource Lifecycle Flow, step 3) and delete."""

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from waldur_core.operations.errors import Invalid
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step
from waldur_core.structure.states import CoreState
from waldur_openstack import catalogue, quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Network, SecurityGroup, SubNet, Tenant
from waldur_openstack.models.identity import TenantObject
from waldur_openstack.workflows import tenant_cleanup
from waldur_openstack.workflows.context import CloudContext, described, mark, save, set_backend_id
from waldur_openstack.workflows.security import create_group_with_rules, delete_group, find_group

MEMBER_ROLES = ("Member", "_member_", "member")  # old and new clouds
GOES_WITH_PROJECT = "it disappears with the project"


class TenantContext(CloudContext):
    subject: Tenant

    @property
    def domain(self) -> str:
        return self.admin.identity.domain_id(self.admin.credentials.domain)

    @cached_property
    def network(self) -> Network | None:
        return self.tenant.networks.order_by("pk").first()

    @cached_property
    def subnet(self) -> SubNet | None:
        return self.tenant.subnets.order_by("pk").first()

    @cached_property
    def router(self) -> Any:
        """The first router; only steps planned for a tenant that has one ask for it."""
        return self.tenant.routers.order_by("pk").first()

    @property
    def group(self) -> SecurityGroup:
        return self.row(self.tenant.securitygroups)

    @cached_property
    def roles(self) -> dict[str, str]:
        return self.admin.identity.roles()

    @property
    def external_network_id(self) -> str:
        return str(self.tenant.service_settings.secret_options.get("external_network_id") or "")


# project, users, roles -------------------------------------------------------------------------------------------


def create_project(context: TenantContext) -> JSON:
    tenant = context.tenant
    return context.admin.identity.create_project(
        name=tenant.name, domain_id=context.domain, description=tenant.description, enabled=True, tags=[mark(tenant)]
    )


def find_project(context: TenantContext) -> JSON | None:
    return context.admin.identity.find_project_by_tag(mark(context.tenant))


def find_own_project(context: TenantContext) -> JSON | None:
    """The tenant's project if it is still there: by its id, or by our tag when a crash kept the id from us."""
    known = context.tenant.backend_id
    return context.admin.identity.find_project(known) if known else find_project(context)


def delete_project(context: TenantContext) -> None:
    if context.tenant.backend_id:
        context.admin.identity.delete_project(context.tenant.backend_id)
        save(context.tenant, backend_id="")


def undo_project(context: TenantContext) -> None:
    """Delete the project, and the default security group that Neutron made in it by itself."""
    if context.tenant.backend_id:
        tenant_cleanup.delete_default_security_group(context.admin, context.tenant.backend_id)
        context.tenant.securitygroups.exclude(backend_id="").delete()
    delete_project(context)


def grant_admin(context: TenantContext) -> None:
    identity, project = context.admin.identity, context.tenant.backend_id
    identity.grant_role(project, identity.own_user_id(), _role(context, ("admin",)))


def create_user(context: TenantContext) -> JSON:
    tenant = context.tenant
    return context.admin.identity.create_user(
        name=tenant.user_username,
        password=tenant.user_password,
        domain_id=context.domain,
        default_project_id=tenant.backend_id,
        description=mark(tenant),
        enabled=True,
    )


def find_user(context: TenantContext) -> JSON | None:
    user = context.admin.identity.find_user(context.tenant.user_username, context.domain)
    return user if user and user.get("description") == mark(context.tenant) else None


def record_user(context: TenantContext, user: JSON) -> None:
    save(context.tenant, user_id=user["id"])


def delete_user(context: TenantContext) -> None:
    if context.tenant.user_id:
        context.admin.identity.delete_user(context.tenant.user_id)
        save(context.tenant, user_id="")


def grant_member(context: TenantContext) -> None:
    tenant = context.tenant
    context.admin.identity.grant_role(tenant.backend_id, tenant.user_id, _role(context, MEMBER_ROLES))


def _role(context: TenantContext, names: tuple[str, ...]) -> str:
    for name in names:
        if name in context.roles:
            return context.roles[name]
    raise Invalid(f"The cloud has no role named {' or '.join(names)}.")


# quotas ----------------------------------------------------------------------------------------------------------


def set_quotas(service: str) -> Any:
    def do(context: TenantContext) -> None:
        gateway = getattr(context.admin, service)
        gateway.set_quotas(context.tenant.backend_id, quotas.backend_limits(context.tenant, service))

    return do


def delete_quotas(service: str) -> Any:
    """The services keep quotas of projects that are gone: remove them ourselves."""

    def undo(context: TenantContext) -> None:
        if context.tenant.backend_id:
            getattr(context.admin, service).delete_quotas(context.tenant.backend_id)

    return undo


# network ---------------------------------------------------------------------------------------------------------


def create_network(context: TenantContext) -> JSON:
    network = context.network
    assert network
    mtu = {"mtu": network.mtu} if network.mtu else {}
    return context.cloud.network.create("network", name=network.name, description=described(network), **mtu)


def record_network(context: TenantContext, network: JSON) -> None:
    assert context.network
    save(
        context.network,
        backend_id=network["id"],
        mtu=network.get("mtu"),
        port_security_enabled=network.get("port_security_enabled", True),
        type=network.get("provider:network_type", ""),
        segmentation_id=network.get("provider:segmentation_id"),
        state=CoreState.OK,
    )
    save(context.tenant, internal_network_id=network["id"])


def delete_network(context: TenantContext) -> None:
    _remove(context, "network", context.network)
    save(context.tenant, internal_network_id="")


def create_subnet(context: TenantContext) -> JSON:
    subnet = context.subnet
    assert subnet
    return context.cloud.network.create(
        "subnet",
        name=subnet.name,
        description=described(subnet),
        network_id=subnet.network.backend_id,
        cidr=subnet.cidr,
        ip_version=subnet.ip_version,
        enable_dhcp=subnet.enable_dhcp,
        allocation_pools=subnet.allocation_pools,
        dns_nameservers=subnet.dns_nameservers,
    )


def record_subnet(context: TenantContext, subnet: JSON) -> None:
    assert context.subnet
    save(
        context.subnet,
        backend_id=subnet["id"],
        gateway_ip=subnet["gateway_ip"],
        allocation_pools=subnet["allocation_pools"],
        state=CoreState.OK,
    )


def create_router(context: TenantContext) -> JSON:
    return context.cloud.network.create("router", name=context.router.name, description=described(context.router))


def add_interface(context: TenantContext) -> None:
    router, subnet = context.router, context.subnet
    assert subnet
    context.cloud.network.add_router_interface(router.backend_id, subnet.backend_id)


def find_interface(context: TenantContext) -> JSON | None:
    router, subnet = context.router, context.subnet
    assert subnet
    filters = {"device_id": router.backend_id, "fixed_ips": f"subnet_id={subnet.backend_id}"}
    return context.cloud.network.first("port", **filters)


def record_interface(context: TenantContext, _: Any) -> None:
    assert context.subnet
    save(context.subnet, is_connected=True, router=context.router)


def remove_interface(context: TenantContext) -> None:
    port = find_interface(context) if context.router and context.router.backend_id else None
    if port:
        context.cloud.network.remove_router_interface(context.router.backend_id, port["id"])
    if context.subnet:
        save(context.subnet, is_connected=False, router=None)


def set_gateway(context: TenantContext) -> JSON:
    gateway = {"network_id": context.external_network_id}
    return context.cloud.network.update("router", context.router.backend_id, external_gateway_info=gateway)


def record_gateway(context: TenantContext, router: JSON) -> None:
    info = router["external_gateway_info"]
    save(
        context.router,
        external_network_id=info["network_id"],
        enable_snat=info.get("enable_snat"),
        external_fixed_ips=info.get("external_fixed_ips", []),
        state=CoreState.OK,
    )
    save(context.tenant, external_network_id=info["network_id"])


def clear_gateway(context: TenantContext) -> None:
    if context.router and context.router.backend_id:
        context.cloud.network.update("router", context.router.backend_id, external_gateway_info=None)
    save(context.tenant, external_network_id="")


def find_described(kind: str, row: str) -> Any:
    """A marker: the object of this kind whose description is the one we give the row."""

    def marker(context: TenantContext) -> JSON | None:
        return context.cloud.network.first(kind, description=described(getattr(context, row)))

    return marker


def remove_row(kind: str, row: str) -> Any:
    def undo(context: TenantContext) -> None:
        _remove(context, kind, getattr(context, row))

    return undo


def _remove(context: TenantContext, kind: str, row: Any) -> None:
    if row is not None and row.backend_id:
        context.cloud.network.remove(kind, row.backend_id)
        save(row, backend_id="", state=CoreState.CREATION_SCHEDULED)


def connects(context: TenantContext) -> bool:
    return not context.tenant.skip_connection_extnet and bool(context.external_network_id)


def pull(function: Any) -> Any:
    """A step that reads: what the tenant may use, how much it uses."""

    def do(context: TenantContext) -> None:
        function(context.tenant, context.cloud)

    return do


class CreateTenant(CreateWorkflow):
    """A project with its user, quotas, network, router and security groups, and what the catalogue offers it."""

    name = "openstack.tenant.create"
    title = "Creation of tenant"
    model = Tenant
    context = TenantContext
    deadline = timedelta(hours=2)
    steps = (
        Step(
            name="Create project",
            do=create_project,
            marker=find_project,
            record=set_backend_id(lambda c: c.tenant),
            undo=undo_project,
        ),
        Step(name="Give the service account access", do=grant_admin, keeps=GOES_WITH_PROJECT),
        Step(name="Create tenant user", do=create_user, marker=find_user, record=record_user, undo=delete_user),
        Step(name="Give the tenant user access", do=grant_member, keeps=GOES_WITH_PROJECT),
        Step(name="Set compute quotas", do=set_quotas("compute"), undo=delete_quotas("compute"), needs="cores, ram"),
        Step(
            name="Set storage quotas",
            do=set_quotas("block_storage"),
            undo=delete_quotas("block_storage"),
            needs="storage",
        ),
        Step(name="Set network quotas", do=set_quotas("network"), undo=delete_quotas("network")),
        Step(
            name="Create network",
            when=lambda c: c.network,
            do=create_network,
            marker=find_described("network", "network"),
            record=record_network,
            undo=delete_network,
        ),
        Step(
            name="Create subnet",
            when=lambda c: c.subnet,
            do=create_subnet,
            marker=find_described("subnet", "subnet"),
            record=record_subnet,
            undo=remove_row("subnet", "subnet"),
        ),
        Step(
            name="Create router",
            when=lambda c: c.router,
            do=create_router,
            marker=find_described("router", "router"),
            record=lambda c, router: save(c.router, backend_id=router["id"], state=CoreState.OK),
            undo=remove_row("router", "router"),
        ),
        Step(
            name="Connect subnet to router",
            when=lambda c: c.router and c.subnet,
            do=add_interface,
            marker=find_interface,
            record=record_interface,
            undo=remove_interface,
        ),
        Step(
            name="Connect router to external network",
            when=lambda c: c.router and connects(c),
            do=set_gateway,
            record=record_gateway,
            undo=clear_gateway,
        ),
        Step(
            name="Create security group",
            each=lambda c: [(g.uuid.hex, g.name) for g in c.tenant.securitygroups.order_by("pk")],
            do=lambda c: create_group_with_rules(c.cloud, c.group, look=not c.first_try),
            marker=lambda c: find_group(c.cloud, c.group),
            record=lambda c, group: save(c.group, backend_id=group["id"], state=CoreState.OK),
            undo=lambda c: delete_group(c.cloud, c.group),
        ),
        Step(name="Read flavors", do=pull(catalogue.pull_flavors), keeps="only reads"),
        Step(name="Read images", do=pull(catalogue.pull_images), keeps="only reads"),
        Step(name="Read volume types", do=pull(catalogue.pull_volume_types), keeps="only reads"),
        Step(name="Read availability zones", do=pull(catalogue.pull_zones), keeps="only reads"),
        Step(name="Read security groups", do=pull(catalogue.pull_security_groups), keeps="only reads"),
        Step(name="Read quotas", do=pull(catalogue.pull_quotas), keeps="only reads"),
    )


class DeleteTenant(DeleteWorkflow):
    """Everything inside the project, then the project. An object that is gone already is no error."""

    name = "openstack.tenant.delete"
    title = "Deletion of tenant"
    model = Tenant
    context = TenantContext
    deadline = timedelta(hours=24)
    steps = (
        Step(
            name="Wait for operations inside the tenant",
            until=lambda c: not operations_inside(c.tenant).exists(),
            deadline=timedelta(hours=1),
        ),
        Step(
            name="Find the project",
            do=find_own_project,
            record=lambda c, project: save(c.tenant, backend_id=project["id"] if project else ""),
            keeps="only reads",
        ),
        Step(
            name="Give the service account access",
            do=lambda c: grant_admin(c) if c.tenant.backend_id else None,
            keeps=GOES_WITH_PROJECT,
        ),
        *tenant_cleanup.STEPS,
        Step(
            name="Delete quotas",
            do=lambda c: [delete_quotas(service)(c) for service in ("compute", "block_storage", "network")],
            keeps="deletion is not undone",
        ),
        Step(
            name="Delete tenant user",
            do=lambda c: _delete_found_user(c),
            record=lambda c, _: save(c.tenant, user_id=""),
            keeps="deletion is not undone",
        ),
        Step(name="Delete project", do=delete_project, keeps="deletion is not undone"),
    )


def operations_inside(tenant: Tenant) -> QuerySet[Operation]:
    """What is still at work on servers, volumes and the like: it could make something after we looked for it."""
    inside = Q()
    for model in TenantObject.__subclasses__():
        inside |= Q(subject_uuid__in=model._default_manager.filter(tenant=tenant).values("uuid"))
    return Operation.objects.filter(inside, state__in=Operation.LIVE)


def _delete_found_user(context: TenantContext) -> None:
    user = find_user(context)
    if user:
        context.admin.identity.delete_user(user["id"])


def blacklisted(username: str) -> bool:
    """Whether the cloud's operator reserves this name (DEFAULT_BLACKLISTED_USERNAMES). Keystone ignores case."""
    return username.lower() in map(str.lower, settings.WALDUR_OPENSTACK["DEFAULT_BLACKLISTED_USERNAMES"])
