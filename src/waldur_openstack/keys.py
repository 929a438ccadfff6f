"""SSH keys of the people who may make servers in a tenant: which those are, and the wish that Nova has them.

Whoever changes roles or keys only marks the tenants concerned, in one statement; a task then compares each with Nova.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from celery import current_app
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet

from waldur_core.permissions.models import UserRole
from waldur_core.permissions.strings import Permission
from waldur_core.structure.models import Customer, Project, SshPublicKey
from waldur_core.structure.states import CoreState
from waldur_openstack.models import KeyDistribution, Tenant

DISTRIBUTE = "openstack.distribute_keys"
SOON = 2.0  # seconds; what changes within them is one run
OWN_NAME = re.compile(r"^[0-9a-f]{32}-.{0,17}$")
LEAVING = (CoreState.DELETION_SCHEDULED, CoreState.DELETING)


def pair_name(key: SshPublicKey) -> str:
    """The name of a key pair of ours. Nova takes no other characters, and no space at the end."""
    return f"{key.uuid.hex}-{re.sub(r'[^A-Za-z0-9 _-]', '_', key.name)[:17]}".strip()


def wanted_keys(tenants: Iterable[Tenant]) -> dict[int, dict[str, str]]:
    """{tenant's pk: {name of key pair: public key}}, in a fixed number of queries."""
    tenants = list(tenants)
    of_project, of_customer = _managers(Project), _managers(Customer)
    people = {tenant.pk: of_project[tenant.project_id] | of_customer[tenant.project.customer_id] for tenant in tenants}
    keys: dict[int, dict[str, str]] = defaultdict(dict)
    everybody = set().union(*people.values())
    for key in SshPublicKey.objects.filter(user_id__in=everybody):
        keys[key.user_id][pair_name(key)] = key.public_key
    return {pk: {name: key for user in users for name, key in keys[user].items()} for pk, users in people.items()}


def _managers(model: type) -> dict[int, set[int]]:
    """{pk of project or customer: pks of the users who may make servers there}."""
    grants = UserRole.objects.active().filter(
        content_type=ContentType.objects.get_for_model(model),
        role__permissions__contains=[Permission.OPENSTACK_INSTANCE_MANAGE],
        user__is_active=True,
    )
    found: dict[int, set[int]] = defaultdict(set)
    for scope, user in grants.values_list("object_id", "user_id"):
        found[scope].add(user)
    return found


def request_distribution(tenants: Q) -> None:
    """Mark the tenants that meet the condition; the work follows once the transaction has committed."""
    concerned = Tenant.objects.filter(tenants).values("pk")
    if KeyDistribution.objects.filter(tenant__in=concerned).update(pending=True):
        _send_task()


def wake_distribution(distribution: KeyDistribution) -> None:
    """A run has ended: another follows if something has changed meanwhile."""
    distribution.refresh_from_db(fields=["pending"])
    if distribution.pending:
        _send_task()


def _send_task() -> None:
    """Once the transaction has committed. A message that is lost is made up for by the hourly check."""
    transaction.on_commit(lambda: current_app.send_task(DISTRIBUTE, countdown=SOON), robust=True)


def tenants_of_scopes(grants: QuerySet[UserRole]) -> Q:
    """The tenants of the projects, and of all projects of the customers, on which the grants are."""
    projects = grants.filter(content_type=ContentType.objects.get_for_model(Project)).values("object_id")
    customers = grants.filter(content_type=ContentType.objects.get_for_model(Customer)).values("object_id")
    return Q(project__in=projects) | Q(project__customer__in=customers)
