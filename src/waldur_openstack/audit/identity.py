"""Projects, users, roles and key pairs against our tenants."""

import re
from collections.abc import Iterator

from waldur_core.structure.states import CoreState
from waldur_openstack.audit.findings import Finding, of_row
from waldur_openstack.audit.inventory import Inventory, known_marks
from waldur_openstack.keys import OWN_NAME
from waldur_openstack.marks import MARK
from waldur_openstack.models import Instance, Tenant

AT_REST = (CoreState.OK, CoreState.ERRED)
_MARKED_USER = re.compile(rf"^{MARK}([0-9a-f]{{32}})$")


def audit_identity(inventory: Inventory) -> Iterator[Finding]:
    yield from projects(inventory)
    yield from users(inventory)
    yield from roles(inventory)
    yield from keypairs(inventory)


def projects(inventory: Inventory) -> Iterator[Finding]:
    marks = {
        tag.removeprefix(MARK): project
        for project in inventory.projects
        for tag in project.get("tags", ())
        if tag.startswith(MARK)
    }
    owned = known_marks(Tenant, marks)
    live = {uuid.hex for uuid in inventory.busy}
    for mark, project in marks.items():
        message, check = "", "leak"
        if mark not in owned:
            message = f"Project {project['name']} carries our mark, but its tenant is gone."
        elif owned[mark] != project["id"] and mark not in live:
            message, check = f"Project {project['name']} carries the mark of a tenant that has another.", "duplicate"
        if message:
            yield Finding(check, "project", message, name=project["name"], backend_id=project["id"], tenant=mark)
    there = {project["id"] for project in inventory.projects}
    for tenant in inventory.tenants:
        if tenant.backend_id and tenant.backend_id not in there and not inventory.is_busy(tenant):
            yield of_row("orphan.row", tenant, f"Tenant {tenant} does not exist in the cloud.")


def users(inventory: Inventory) -> Iterator[Finding]:
    marked = {
        found[1]: user for user in inventory.users if (found := _MARKED_USER.match(str(user.get("description") or "")))
    }
    owned = known_marks(Tenant, marked)
    for mark, user in marked.items():
        if mark not in owned:
            text = f"User {user['name']} carries our mark, but its tenant is gone."
            yield Finding("leak", "user", text, name=user["name"], backend_id=user["id"], tenant=mark)
    there = {user["id"] for user in inventory.users}
    for tenant in inventory.tenants:
        if tenant.user_id and tenant.user_id not in there and not inventory.is_busy(tenant):
            text = f"The user of tenant {tenant} does not exist in the cloud."
            yield of_row("orphan.row", tenant, text, user_id=tenant.user_id)


def roles(inventory: Inventory) -> Iterator[Finding]:
    """The user of a tenant has roles in its project, and nowhere else."""
    of_user = {tenant.user_id: tenant for tenant in inventory.tenants if tenant.user_id}
    for assignment in inventory.assignments:
        tenant = of_user.get(assignment.get("user", {}).get("id", ""))
        project = assignment["scope"].get("project", {}).get("id", "")
        if tenant and tenant.backend_id and project != tenant.backend_id and not inventory.is_busy(tenant) \
                and tenant.user_username and _is_ours(tenant, inventory):  # fmt: skip
            text = f"The user of tenant {tenant} has a role outside its project."
            yield Finding("leak", "role", text, backend_id=project, tenant=tenant.uuid.hex, details=assignment)


def _is_ours(tenant: Tenant, inventory: Inventory) -> bool:
    """The user was made by us; one who existed before an import may have what he had."""
    return any(
        user["id"] == tenant.user_id and str(user.get("description") or "") == f"{MARK}{tenant.uuid.hex}"
        for user in inventory.users
    )


def keypairs(inventory: Inventory) -> Iterator[Finding]:
    """Of the service account: those of a boot are removed with its end."""
    own = {pair["name"][:32]: pair for pair in inventory.keypairs if OWN_NAME.match(pair["name"])}
    known = known_marks(Instance, own)
    live = {uuid.hex for uuid in inventory.busy}
    for mark, pair in own.items():
        if mark not in live:
            whose = "its server has long been built" if mark in known else "its server is gone"
            text = f"Key pair {pair['name']} of the service account is left: {whose}."
            yield Finding("leak", "key pair", text, name=pair["name"], backend_id=pair["name"])
