"""A migration that has come to rest."""

from tests.api.examples import example_of
from tests.api.examples.openstack import tenant
from tests.factories import Cast
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Category, Offering, Resource
from waldur_openstack.models import Tenant
from waldur_openstack_replication.models import Migration


@example_of(Migration, seen_by=frozenset({"owner"}))
def migration(cast: Cast) -> Migration:
    settings = ServiceSettings.objects.create(name="Destination", type="OpenStack", state=CoreState.OK)
    category = Category.objects.create(title="Of migrations")
    offering = Offering.objects.create(
        name="Tenants", type="OpenStack.Tenant", customer=cast.provider, category=category, state=Offering.State.ACTIVE
    )
    made = [Resource(name=name, offering=offering, project=cast.project, limits={"cores": 1}) for name in ("a", "b")]
    destination = Tenant.objects.create(
        name="Destination",
        service_settings=settings,
        project=cast.project,
        backend_id="destination",
        state=CoreState.OK,
    )
    for resource, scope in zip(made, (tenant(cast), destination), strict=True):
        resource.scope = scope
        resource.save()
    return Migration.objects.create(
        created_by=cast.owner, src_resource=made[0], dst_resource=made[1], service_settings=settings,
        state=CoreState.OK, fingerprint="0" * 64,
    )  # fmt: skip
