"""Security groups and their rules in the cloud."""

from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SecurityGroup, Tenant
from waldur_openstack.sync.kinds import Pairs
from waldur_openstack.sync.rules import identity, is_automatic, to_backend
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.security import SECURITY_GROUP
from waldur_openstack.workflows.context import described, save

__all__ = [
    "create_group_with_rules",
    "delete_group",
    "find_group",
    "identity",
    "is_automatic",
    "missing_rules",
    "record_rules",
    "to_backend",
]


def create_group_with_rules(cloud: Cloud, group: SecurityGroup, *, look: bool) -> JSON:
    """A group that holds exactly the given rules. With `look`, an unfinished one of an earlier try is completed."""
    network = cloud.network
    found = find_group(cloud, group, complete=False) if look else None
    made = found or network.create("security_group", name=group.name, description=described(group))
    missing = missing_rules(group, made)
    if missing:
        network.create_many("security_group_rule", [{**rule, "security_group_id": made["id"]} for rule in missing])
    return made


def find_group(cloud: Cloud, group: SecurityGroup, *, complete: bool = True) -> JSON | None:
    """The group in the cloud that carries our mark; with `complete`, only when it has all its rules."""
    found = cloud.network.first("security_group", description=described(group))
    return None if found is None or (complete and missing_rules(group, found)) else found


def delete_group(cloud: Cloud, group: SecurityGroup) -> None:
    """Remove the group, also one that was made but not recorded."""
    found = {"id": group.backend_id} if group.backend_id else find_group(cloud, group, complete=False)
    if found:
        cloud.network.remove("security_group", found["id"])
    save(group, backend_id="", state=CoreState.CREATION_SCHEDULED)


def missing_rules(group: SecurityGroup, made: JSON) -> list[JSON]:
    """The rules of the row that the cloud's group does not have, in Neutron's form."""
    existing = {identity(rule) for rule in made["security_group_rules"]}
    wanted = [to_backend(rule) for rule in group.rules.select_related("remote_group")]
    return [rule for rule in wanted if identity(rule) not in existing]


def record_rules(tenant: Tenant, pairs: Pairs) -> None:
    """The rows of rules learn their ids, and are joined by those that Neutron has added by itself."""
    scope = Scope.of(tenant)
    for part in SECURITY_GROUP.parts:
        part.write(scope, part.differences(scope, pairs).values())
