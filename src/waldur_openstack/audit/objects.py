"""Objects inside tenants against their rows: leaks, orphans, drift."""

from collections.abc import Iterator
from typing import Any

from waldur_core.structure.states import CoreState
from waldur_openstack.audit.findings import Finding, of_row
from waldur_openstack.audit.inventory import Inventory, known_marks
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.sync.following import difference, related, turns, wanted
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.sync.register import KINDS

AT_REST = (CoreState.OK, CoreState.ERRED)


def audit_objects(inventory: Inventory) -> Iterator[Finding]:
    for kind in KINDS:
        yield from unknown_objects(kind, inventory)
        yield from rows_without_object(kind, inventory)
        yield from drift(kind, inventory)


def unknown_objects(kind: Kind, inventory: Inventory) -> Iterator[Finding]:
    known = {row.backend_id for row in inventory.rows[kind.word]}
    unknown = [item for item in inventory.found[kind.word] if item["id"] not in known]
    marks = known_marks(kind.model, (kind.mark(item) for item in unknown))
    rows = {row.uuid.hex: row for row in inventory.rows[kind.word]}
    for item in unknown:
        mark, tenant = kind.mark(item), inventory.scope.owner(kind.owner(item))
        row = rows.get(mark)
        if row is not None and inventory.is_busy(row):
            continue
        if mark and mark in marks:
            if marks[mark] != item["id"]:
                yield about(kind, item, "duplicate", f"belongs to a row that has {marks[mark] or 'no object'}.", tenant)
        elif mark:
            yield about(kind, item, "leak", "carries our mark, but its row is gone.", tenant)
        elif tenant and tenant.uuid not in inventory.busy and has_rows(item):
            yield about(kind, item, "orphan.object", "was not made by us and has no row.", tenant)


def has_rows(item: JSON) -> bool:
    """Ports of Neutron's own (DHCP, gateways) come and go as it likes."""
    return not str(item.get("device_owner", "")).startswith(("network:dhcp", "network:distributed"))


def about(kind: Kind, item: JSON, check: str, what: str, tenant: Any) -> Finding:
    name = str(item.get("name") or item.get("floating_ip_address") or item["id"])
    title = f"{kind.title[:1].upper()}{kind.title[1:]}"
    return Finding(
        check,
        kind.title,
        f"{title} {name} {what}",
        name=name,
        backend_id=item["id"],
        tenant=tenant.uuid.hex if tenant else "",
    )


def rows_without_object(kind: Kind, inventory: Inventory) -> Iterator[Finding]:
    there = {item["id"] for item in inventory.found[kind.word]}
    for row in inventory.rows[kind.word]:
        if row.state not in AT_REST or inventory.is_busy(row):
            continue
        if row.backend_id and row.backend_id not in there:
            yield of_row("orphan.row", row, kind.gone_message(row))
        elif not row.backend_id and row.state == CoreState.OK:
            yield of_row("orphan.row", row, f"{kind.label(row)} is OK, but has never been in the cloud.")


def drift(kind: Kind, inventory: Inventory) -> Iterator[Finding]:
    found = {item["id"]: item for item in inventory.found[kind.word]}
    known = [
        (row, found[row.backend_id])
        for row in inventory.rows[kind.word]
        if row.state in AT_REST and row.backend_id in found and not inventory.is_busy(row)
    ]
    targets = related(kind, inventory.scope, [item for _, item in known])
    parts = [part.differences(inventory.scope, known) for part in kind.parts]
    for row, item in known:
        columns = difference(row, wanted(kind, row, item, targets))
        details: dict[str, Any] = {name: [shown(getattr(row, name)), shown(value)] for name, value in columns.items()}
        if turns(row, kind.trouble(item)):
            details["state"] = [row.state, kind.trouble(item) or "healthy"]
        for differences in parts:
            if row.pk in differences:
                details["parts"] = str(differences[row.pk])
        if details:
            words = ", ".join(sorted(details))
            yield of_row("drift", row, f"{kind.label(row)} differs from the cloud in {words}.", **details)


def shown(value: Any) -> Any:
    """As JSON can say it."""
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)
