"""What a hint makes us do: one object is read anew, in one call, when it is one of ours."""

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import SecurityGroupRule
from waldur_openstack.notifications.hints import PROJECTS, RULE, Hint
from waldur_openstack.sync.block_storage import SNAPSHOT, VOLUME
from waldur_openstack.sync.compute import INSTANCE, SERVER_GROUP
from waldur_openstack.sync.following import AT_REST
from waldur_openstack.sync.network import FLOATING_IP, NETWORK, PORT, ROUTER, SUBNET
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.security import SECURITY_GROUP
from waldur_openstack.sync.sharing import RBAC_POLICY
from waldur_openstack.sync.targeted import read
from waldur_openstack.sync.tenants import follow_projects

KINDS = {
    kind.word: kind
    for kind in (
        FLOATING_IP, INSTANCE, NETWORK, PORT, RBAC_POLICY, ROUTER, SECURITY_GROUP, SERVER_GROUP, SNAPSHOT, SUBNET,
        VOLUME,
    )
}  # fmt: skip


def follow(service_settings: ServiceSettings, hint: Hint) -> bool:
    """Whether the cloud was asked. It is not for what our own operation is changing.

    Raises OperationError when the cloud does not answer.
    """
    if hint.word == PROJECTS:
        cloud = Cloud.of(service_settings)
        follow_projects(service_settings, cloud, Scope.of_cloud(service_settings))
        return True
    if hint.word == RULE:
        rules = SecurityGroupRule.objects.filter(
            backend_id=hint.backend_id, security_group__service_settings=service_settings
        )
        group = rules.values_list("security_group__backend_id", flat=True).first()
        return bool(group) and follow(service_settings, Hint(SECURITY_GROUP.word, str(group)))
    kind = KINDS[hint.word]
    rows = kind.model._default_manager.filter(service_settings=service_settings, backend_id=hint.backend_id)
    states = list(rows.values_list("state", flat=True))
    wanted = any(state in AT_REST for state in states) or not states
    if wanted:
        read(kind, service_settings, hint.backend_id)
    return wanted
