"""The rows as the seed has them: service, operation, method and path; three are not endpoints of their own."""

from typing import NamedTuple


class Row(NamedTuple):
    service: str
    operation: str
    method: str = ""
    path: str = ""

    def __str__(self) -> str:
        return f"{self.service}: {self.operation}"


def _rows(service: str, table: str) -> list[Row]:
    rows = []
    for line in table.strip().splitlines():
        operation, _, endpoint = (part.strip() for part in line.partition("|"))
        method, _, path = endpoint.partition(" ")
        rows.append(Row(service, operation, method.lower(), path.strip()))
    return rows


KEYSTONE = """
Tenant Creation | POST /api/openstack-tenants/
Tenant Deletion | DELETE /api/openstack-tenants/{uuid}/
Authentication |
Quota Retrieval | GET /api/openstack-tenants/{uuid}/quotas/
Quota Update | POST /api/openstack-tenants/{uuid}/set_quotas/
"""
NOVA = """
Create Instance | POST /api/openstack-instances/
Delete Instance | DELETE /api/openstack-instances/{uuid}/
Start Instance | POST /api/openstack-instances/{uuid}/start/
Stop Instance | POST /api/openstack-instances/{uuid}/stop/
Restart Instance | POST /api/openstack-instances/{uuid}/restart/
Resize Instance | POST /api/openstack-instances/{uuid}/change_flavor/
Console Access | POST /api/openstack-instances/{uuid}/console/
Attach Volume | POST /api/openstack-instances/{uuid}/attach_volume/
Detach Volume | POST /api/openstack-instances/{uuid}/detach_volume/
Assign Floating IP | POST /api/openstack-instances/{uuid}/assign_floating_ip/
List Flavors | GET /api/openstack-flavors/
Import Flavors | POST /api/openstack-tenants/{uuid}/pull_flavors/
List Images | GET /api/openstack-images/
Import Images | POST /api/openstack-tenants/{uuid}/pull_images/
Create Server Group | POST /api/openstack-server-groups/
Delete Server Group | DELETE /api/openstack-server-groups/{uuid}/
List AZs | GET /api/openstack-instance-availability-zones/
"""
CINDER = """
Create Volume | POST /api/openstack-volumes/
Delete Volume | DELETE /api/openstack-volumes/{uuid}/
Extend Volume | POST /api/openstack-volumes/{uuid}/extend/
Attach to Instance | POST /api/openstack-volumes/{uuid}/attach/
Detach from Instance | POST /api/openstack-volumes/{uuid}/detach/
Create from Snapshot | POST /api/openstack-volumes/{uuid}/create_from_snapshot/
Create Snapshot | POST /api/openstack-snapshots/
Delete Snapshot | DELETE /api/openstack-snapshots/{uuid}/
Restore Snapshot | POST /api/openstack-snapshots/{uuid}/restore/
List Volume Types | GET /api/openstack-volume-types/
Import Volume Types | POST /api/openstack-tenants/{uuid}/pull_volume_types/
Create Backup | POST /api/openstack-backups/
Delete Backup | DELETE /api/openstack-backups/{uuid}/
Restore Backup | POST /api/openstack-backups/{uuid}/restore/
"""
NEUTRON = """
Create Network | POST /api/openstack-networks/
Delete Network | DELETE /api/openstack-networks/{uuid}/
Update Network | PATCH /api/openstack-networks/{uuid}/
Create Subnet | POST /api/openstack-subnets/
Delete Subnet | DELETE /api/openstack-subnets/{uuid}/
Update Subnet | PATCH /api/openstack-subnets/{uuid}/
Create Router | POST /api/openstack-routers/
Delete Router | DELETE /api/openstack-routers/{uuid}/
Add Interface | POST /api/openstack-routers/{uuid}/add_interface/
Remove Interface | POST /api/openstack-routers/{uuid}/remove_interface/
Set Gateway | POST /api/openstack-routers/{uuid}/set_gateway/
Create Port | POST /api/openstack-ports/
Delete Port | DELETE /api/openstack-ports/{uuid}/
Update Port | PATCH /api/openstack-ports/{uuid}/
Allocate Floating IP | POST /api/openstack-floating-ips/
Release Floating IP | DELETE /api/openstack-floating-ips/{uuid}/
Associate Floating IP | POST /api/openstack-floating-ips/{uuid}/assign/
Disassociate Floating IP | POST /api/openstack-floating-ips/{uuid}/unassign/
Create Security Group | POST /api/openstack-sgp/
Delete Security Group | DELETE /api/openstack-sgp/{uuid}/
Add Rule | POST /api/openstack-sgp/{uuid}/rules/
Remove Rule | DELETE /api/openstack-sgp/{uuid}/rules/{rule_id}/
Create RBAC Policy | POST /api/openstack-network-rbac-policies/
List RBAC Policies | GET /api/openstack-network-rbac-policies/
"""
GLANCE = """
List Images | GET /api/openstack-images/
Import Images |
Image Metadata |
Create Custom Image | POST /api/openstack-marketplace/{tenant_uuid}/create_image/
Upload Image Data | POST /api/openstack-marketplace/{tenant_uuid}/upload_image_data/{image_id}/
"""
ROWS = [
    *_rows("Keystone", KEYSTONE),
    *_rows("Nova", NOVA),
    *_rows("Cinder", CINDER),
    *_rows("Neutron", NEUTRON),
    *_rows("Glance", GLANCE),
]
ENDPOINTS = {(row.method, row.path) for row in ROWS if row.path}  # 61; one is named by two tables
