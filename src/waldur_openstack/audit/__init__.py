"""Whether our records and a cloud agree, to the last object. Only reads.

`audit(service_settings)` lists the whole cloud, so that the number of calls does not grow with the number of tenants.
"""

from waldur_openstack.audit.cloud import audit
from waldur_openstack.audit.findings import Finding, Report

__all__ = ["Finding", "Report", "audit"]
