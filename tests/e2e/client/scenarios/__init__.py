"""For each section of the client the class with its scenarios; `openstack_volumes_extend` is `Volumes.extend`."""

from tests.e2e.client.scenarios import block_storage, catalogue, compute, identity, network, replication
from tests.e2e.client.scenarios.base import Scenarios

SECTIONS: dict[str, type[Scenarios]] = {
    scenarios.section: scenarios
    for scenarios in (
        identity.Tenants,
        identity.MarketplaceTenants,
        compute.Instances,
        compute.ServerGroups,
        block_storage.Volumes,
        block_storage.Snapshots,
        block_storage.Backups,
        network.Networks,
        network.RBACPolicies,
        network.SubNets,
        network.Routers,
        network.Ports,
        network.FloatingIPs,
        network.SecurityGroups,
        network.ExternalNetworks,
        catalogue.Flavors,
        catalogue.Images,
        catalogue.VolumeTypes,
        catalogue.InstanceZones,
        catalogue.VolumeZones,
        replication.Migrations,
    )
}
