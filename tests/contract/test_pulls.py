"""What is done in a cloud behind our back is found by a pull of the tenant, on both clouds."""

from contextlib import ExitStack

import pytest

from tests.contract.stage import Site, unique
from tests.contract.test_workflows import connect, remove_tenant, run
from tests.factories import Cast
from tests.openstack.orders import build_instance, build_tenant
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Tenant
from waldur_openstack.workflows.pulling import PullInstance, PullTenant


def change(cloud: Cloud, tenant: Tenant, instance: Instance) -> None:
    """A rule more, a name changed, an address gone, a network, a group and a server group by hand."""
    ssh, network = tenant.securitygroups.get(name="ssh"), cloud.network
    network.create(
        "security_group_rule",
        security_group_id=ssh.backend_id,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=443,
        port_range_max=443,
    )
    network.create("network", name="by hand")
    network.create("security_group", name="by hand")
    network.remove("floatingip", tenant.floatingips.get().backend_id)
    cloud.compute.put(f"/servers/{instance.backend_id}", {"server": {"name": "renamed"}})
    cloud.compute.post("/os-server-groups", {"server_group": {"name": "apart", "policies": ["anti-affinity"]}})
    data = instance.volumes.get(bootable=False)
    cloud.block_storage.put(f"/volumes/{data.backend_id}", {"volume": {"name": "renamed"}})


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_tenant_is_pulled(db: None, site: Site, cast: Cast, later: ExitStack) -> None:
    tenant = build_tenant(connect(site), cast.project, cast.owner, name=unique("tenant"))
    later.callback(remove_tenant, site, tenant)
    instance = build_instance(tenant, cast.owner, name=unique("server"))
    cloud = site.admin.in_project(tenant.backend_id)
    run(PullTenant, tenant, cast)
    change(cloud, tenant, instance)
    run(PullTenant, tenant, cast)
    instance.refresh_from_db()
    assert (instance.name, instance.state, instance.runtime_state) == ("renamed", "OK", "ACTIVE")
    assert instance.volumes.get(bootable=False).name == "renamed"
    assert {volume.instance for volume in tenant.volumes.all()} == {instance}
    assert [group.name for group in instance.security_groups.all()] == ["ssh"]
    assert tenant.securitygroups.get(name="ssh").rules.filter(from_port=443, remote_group=None).count() == 1
    assert tenant.securitygroups.filter(name="by hand").exists()
    assert tenant.networks.filter(name="by hand").exists()
    assert tenant.servergroups.get().policy == "anti-affinity"
    assert not tenant.floatingips.exists()
    assert tenant.subnets.get().router == tenant.routers.get()
    before = {obj.pk: obj.modified for obj in (*tenant.ports.all(), *tenant.networks.all(), *tenant.volumes.all())}
    run(PullTenant, tenant, cast)
    after = {obj.pk: obj.modified for obj in (*tenant.ports.all(), *tenant.networks.all(), *tenant.volumes.all())}
    assert after == before  # nothing changed: nothing is written
    run(PullInstance, instance, cast)
    assert instance.state == "OK"
