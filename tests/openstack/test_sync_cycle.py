"""A cycle over a whole cloud: what happens behind our back shows, in all tenants at once."""

from typing import Any

from tests.factories import Cast
from tests.openstack.actions import usages
from tests.openstack.behind import add_rule, add_server_group, cloud_of
from waldur_core.events.models import Event
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import Instance, SyncRun
from waldur_openstack.sync.cycle import synchronise

OWN = ("openstack_cloudsync", "openstack_synccursor", "openstack_syncrun")


def synced(service_settings: ServiceSettings, kinds: Any = None, **options: Any) -> SyncRun:
    run = synchronise(service_settings, kinds, **options)
    assert (run.state, run.error) == ("done", "")
    return run


def told(word: str) -> list[str]:
    return sorted(Event.objects.filter(event_type=f"openstack_{word}").values_list("message", flat=True))


def test_what_was_made_and_changed_by_hand_shows(cast: Cast, instance: Instance) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    synced(instance.service_settings)
    before = usages(tenant)
    network = cloud.network.create("network", name="by hand", description="theirs")
    cloud.network.create("subnet", name="by hand", network_id=network["id"], cidr="10.9.0.0/24", ip_version=4)
    group = cloud.network.create("security_group", name="by hand")
    ssh = tenant.securitygroups.get(name="ssh")
    add_rule(tenant, ssh.backend_id, port_range_min=443, port_range_max=443, remote_group_id=group["id"])
    add_server_group(tenant)
    cloud.network.update("port", instance.ports.get().backend_id, security_groups=[group["id"]])
    cloud.compute.put(f"/servers/{instance.backend_id}", {"server": {"name": "renamed"}})
    run = synced(tenant.service_settings)
    instance.refresh_from_db()
    assert instance.name == "renamed"
    row = tenant.networks.get(name="by hand")
    assert (row.state, row.backend_id, row.description, row.mtu) == ("OK", network["id"], "theirs", network["mtu"])
    assert row.subnets.get().cidr == "10.9.0.0/24"
    assert tenant.servergroups.get().policy == "anti-affinity"
    assert ssh.rules.get(from_port=443).remote_group.name == "by hand"
    assert [found.name for found in instance.security_groups.all()] == ["by hand"]
    changed = {name: usage - before[name] for name, usage in usages(tenant).items() if usage != before[name]}
    assert changed == {
        "network_count": 1, "subnet_count": 1, "security_group_count": 1, "security_group_rule_count": 3,
    }  # fmt: skip
    assert told("network_imported") == ["Network by hand was found in the cloud."]
    assert (run.rows_new, run.details["network"]["new"]) == (4, 1)
