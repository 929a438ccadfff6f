"""What `make test` says at the end: which suites ran, against what, and what was left out and why."""

from collections import Counter, defaultdict
from typing import Any

from django.conf import settings

OUTCOMES = ("passed", "failed", "error", "skipped")


def lines(stats: dict[str, list[Any]]) -> list[str]:
    """One line a suite (the folder below tests/), then the reasons of the skips."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: Counter[str] = Counter()
    for outcome in OUTCOMES:
        for report in stats.get(outcome, ()):
            counts[suite_of(report.nodeid)][outcome] += 1
            if outcome == "skipped":
                reasons[reason_of(report)] += 1
    engine = settings.DATABASES["default"]
    where = f"PostgreSQL at {engine['HOST']}" if engine.get("PORT") else "the embedded PostgreSQL"
    rows = [f"{suite:<24} {spoken(count)}" for suite, count in sorted(counts.items())]
    skips = [f"skipped: {reason} ({count} tests)" for reason, count in sorted(reasons.items())]
    return [f"Database: {where}; clouds: twins over HTTP on loopback", *rows, *skips]


def suite_of(nodeid: str) -> str:
    parts = nodeid.split("::")[0].split("/")
    return parts[1] if len(parts) > 2 else parts[0]


def spoken(count: Counter[str]) -> str:
    return ", ".join(f"{count[outcome]} {outcome}" for outcome in OUTCOMES if count[outcome])


def reason_of(report: Any) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(text).removeprefix("Skipped: ")
