"""Placement 1.x: which hypervisor a server takes its resources from."""

from waldur_openstack.cloud.gateway import JSON, Gateway


class Placement(Gateway):
    service_type = "placement"
    min_version = "1"
    max_version = "1.latest"
    probe = "/resource_providers"

    def allocations(self, consumer_id: str) -> list[JSON]:
        """[{resource_provider_uuid, resource_provider_name, resources: {class: amount}}] of a server."""
        found = self.get(f"/allocations/{consumer_id}")["allocations"]
        return [
            {
                "resource_provider_uuid": key,
                "resource_provider_name": self.get(f"/resource_providers/{key}")["name"],
                "resources": allocation["resources"],
            }
            for key, allocation in sorted(found.items())
        ]
