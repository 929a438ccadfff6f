"""All kinds of things that are followed in a cloud, in the order in which they refer to each other."""

from collections.abc import Callable

from django.utils import timezone

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import each
from waldur_openstack.sync.block_storage import SNAPSHOT, VOLUME
from waldur_openstack.sync.compute import INSTANCE, SERVER_GROUP
from waldur_openstack.sync.external_networks import pull_external_networks
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.sync.network import FLOATING_IP, NETWORK, PORT, ROUTER, SUBNET
from waldur_openstack.sync.quotas import read_quotas, take_quotas
from waldur_openstack.sync.reconcile import Outcome
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.security import SECURITY_GROUP
from waldur_openstack.sync.sharing import RBAC_POLICY
from waldur_openstack.sync.tenants import follow_projects
from waldur_openstack.sync.whole_catalogue import follow_catalogue

Other = Callable[[ServiceSettings, Cloud, Scope], Outcome]


def follow_external_networks(service_settings: ServiceSettings, cloud: Cloud, scope: Scope) -> Outcome:
    pull_external_networks(service_settings, cloud)
    return Outcome()


BATCH = 64  # tenants whose quotas are in memory at a time


def follow_quotas(service_settings: ServiceSettings, cloud: Cloud, scope: Scope) -> Outcome:
    """Limits and usages. Clouds tell them only tenant by tenant: three calls for each, several at a time."""
    tenants = list(scope.tenants.values())
    for start in range(0, len(tenants), BATCH):
        some = tenants[start : start + BATCH]
        moment = timezone.now()
        answers = each(lambda tenant: read_quotas(cloud, tenant.backend_id), some)
        for tenant, answer in zip(some, answers, strict=True):
            take_quotas(tenant, answer, moment=moment)
    return Outcome(seen=len(tenants))


KINDS = (
    SECURITY_GROUP, SERVER_GROUP, NETWORK, SUBNET, ROUTER, INSTANCE, VOLUME, SNAPSHOT, PORT, FLOATING_IP, RBAC_POLICY,
)  # fmt: skip
# what is listed page by page
WHOLE: dict[str, Kind] = {kind.word: kind for kind in KINDS}
# what is read in ways of its own, before the others or after
BEFORE: dict[str, Other] = {
    "tenant": follow_projects,
    "catalogue": follow_catalogue,
    "external_network": follow_external_networks,
}
AFTER: dict[str, Other] = {"quota": follow_quotas}
OTHER = BEFORE | AFTER
ORDER = (*BEFORE, *WHOLE, *AFTER)
