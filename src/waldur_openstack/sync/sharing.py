"""Neutron's RBAC policies of networks, between tenants of ours."""

from collections.abc import Iterator

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Network, NetworkRBACPolicy, Tenant
from waldur_openstack.sync.kinds import Columns, Everywhere, Kind, Relation
from waldur_openstack.sync.network import listed, shown

FIELDS = ("id", "project_id", "object_id", "target_tenant", "action")


def policy_columns(found: JSON) -> Columns:
    return {"policy_type": found["action"]}


def pages(cloud: Cloud) -> Iterator[list[JSON]]:
    """One page, for Neutron does not sort policies by id; they carry no times either."""
    found = cloud.network.list("rbac_policy", fields=FIELDS, object_type="network")
    yield sorted(found, key=lambda policy: str(policy["id"]))


# What is shared with all, or with projects that we do not know, has no row: its other end is missing.
RBAC_POLICY = Kind(
    model=NetworkRBACPolicy,
    word="rbac_policy",
    listing=listed("rbac_policy"),
    everywhere=Everywhere(service="network", pages=pages),
    show=shown("rbac_policy"),
    columns=policy_columns,
    compared=lambda row, found: {},
    relations=(
        Relation(column="network", model=Network, backend_id=lambda found: found["object_id"], stays=True),
        Relation(column="target_tenant", model=Tenant, backend_id=lambda found: found["target_tenant"], stays=True),
    ),
)
