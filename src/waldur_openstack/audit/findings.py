"""What an audit finds, in the words of people and in the form of machines (docs/operate/audit.md)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

CHECKS = {
    "leak": "carries our mark, and we know nothing of it",
    "duplicate": "carries the mark of a row that has another object",
    "orphan.row": "a row whose object the cloud does not have",
    "orphan.object": "an object of a tenant of ours without a row",
    "drift": "a row says something else than the cloud",
    "limit": "limits of a tenant are others in the cloud",
    "quota": "a counter is not the sum of what it counts",
    "billing.double": "two living resources for one object",
    "billing.no_scope": "a living resource without an object",
    "billing.missing": "an object that is sold, without a resource",
    "billing.charged_twice": "two lines of invoices charge the same",
    "billing.period": "plan periods overlap, are missing, or go on after the end",
    "state": "a resource is in another state than its object",
}


@dataclass(frozen=True)
class Finding:
    """`kind` is the kind of object or row; `tenant` the uuid of its tenant. What is not known is empty."""

    check: str
    kind: str
    message: str
    name: str = ""
    uuid: str = ""
    backend_id: str = ""
    tenant: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.check in CHECKS, self.check

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


@dataclass(frozen=True)
class Report:
    """The findings about one cloud, and how many calls it took to find them."""

    service: str
    findings: tuple[Finding, ...]
    calls: int = 0

    def and_also(self, more: Iterable[Finding]) -> "Report":
        return Report(self.service, (*self.findings, *more), self.calls)

    def as_json(self) -> dict[str, Any]:
        counts = Counter(finding.check for finding in self.findings)
        return {
            "version": 1,
            "service_settings": self.service,
            "calls": self.calls,
            "counts": dict(sorted(counts.items())),
            "findings": [asdict(finding) for finding in self.findings],
        }


def of_row(check: str, row: Any, message: str, **details: Any) -> Finding:
    """About a row of ours."""
    tenant = getattr(row, "tenant", None)
    return Finding(
        check,
        str(row._meta.verbose_name),
        message,
        name=str(row),
        uuid=row.uuid.hex,
        backend_id=row.backend_id,
        tenant=tenant.uuid.hex if tenant else "",
        details=details,
    )
