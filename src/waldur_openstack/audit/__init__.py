"""Whether our records and a cloud agree, to the last object. Only reads.

It lists the whole cloud: the number of calls does not grow with that of tenants. What clouds tell only tenant by tenant
takes four calls for each; `audit(service_settings, quick=True)` leaves it out.
"""

from waldur_openstack.audit.cloud import audit
from waldur_openstack.audit.findings import Finding, Report

__all__ = ["Finding", "Report", "audit"]
