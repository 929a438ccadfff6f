"""The audit of one cloud."""

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.audit.findings import Report
from waldur_openstack.audit.identity import audit_identity
from waldur_openstack.audit.inventory import Inventory
from waldur_openstack.audit.objects import audit_objects
from waldur_openstack.audit.quotas import audit_quotas
from waldur_openstack.audit.tenants import audit_tenants
from waldur_openstack.cloud.counting import counted


def audit(service: ServiceSettings, *, quick: bool = False) -> Report:
    """Compare everything; `quick`: but what takes calls for each tenant.

    Raises OperationError when the cloud cannot be read: that is no finding.
    """
    with counted() as counter:
        inventory = Inventory.take(service)
        findings = [*audit_identity(inventory), *audit_objects(inventory), *audit_quotas(inventory)]
        if not quick:
            findings += audit_tenants(inventory)
    return Report(service.uuid.hex, tuple(findings), counter.calls)
