"""Making a tenant (seed: Resource Lifecycle Flow, step 3)."""

from datetime import timedelta
from typing import Any

from waldur_core.operations.workflow import CreateWorkflow, Step
from waldur_core.structure.states import CoreState
from waldur_openstack import catalogue
from waldur_openstack.models import Tenant
from waldur_openstack.sync.external_networks import pull_external_networks
from waldur_openstack.workflows.context import save, set_backend_id
from waldur_openstack.workflows.identity import first_network
from waldur_openstack.workflows.identity.context import TenantContext
from waldur_openstack.workflows.identity.project import (
    GOES_WITH_PROJECT,
    create_project,
    create_user,
    delete_quotas,
    delete_user,
    find_project,
    find_user,
    grant_admin,
    grant_member,
    record_user,
    set_quotas,
    undo_project,
)
from waldur_openstack.workflows.security import create_group_with_rules, delete_group, find_group


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
        *first_network.STEPS,
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
        Step(
            name="Read external networks",
            do=lambda c: pull_external_networks(c.tenant.service_settings, c.admin),
            keeps="only reads",
        ),
        Step(name="Read security groups", do=pull(catalogue.pull_security_groups), keeps="only reads"),
        Step(name="Read quotas", do=pull(catalogue.pull_quotas), keeps="only reads"),
    )
