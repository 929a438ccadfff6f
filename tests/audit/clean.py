"""How a test ends that has lived a real life: what we say and what the cloud has are the same."""

from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace_openstack.audit import full_audit


def assert_in_step(*services: ServiceSettings) -> None:
    """The audit of these clouds, or of all that are connected, is empty."""
    for service in services or ServiceSettings.objects.filter(type="OpenStack"):
        report = full_audit(service)
        assert not report.findings, "\n".join(f"{finding} {finding.details}" for finding in report.findings)
