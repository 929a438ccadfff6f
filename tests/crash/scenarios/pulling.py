"""Scenarios of pulls: something was changed in the cloud behind our back."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, run_workflow
from tests.openstack.behind import add_backup, add_rule, add_server_group, add_snapshot, cloud_of


def changed_tenant(stage: Stage) -> Any:
    """A network more, a public address less, a rule and a group by hand."""
    tenant = stage.instance().tenant
    network = cloud_of(tenant).network
    network.create("network", name="by hand")
    network.remove("floatingip", tenant.floatingips.get().backend_id)
    add_rule(tenant, tenant.securitygroups.get(name="ssh").backend_id, port_range_min=443, port_range_max=443)
    add_server_group(tenant)
    return tenant


def changed_group(stage: Stage) -> Any:
    return changed_tenant(stage).securitygroups.get(name="ssh")


def server_group(stage: Stage) -> Any:
    tenant = stage.tenant()
    add_server_group(tenant)
    run_workflow(stage, tenant, "openstack.tenant.pull_server_groups")
    return tenant.servergroups.get()


def lost_floating_ip(stage: Stage) -> Any:
    address = stage.instance().tenant.floatingips.get()
    cloud_of(address.tenant).network.remove("floatingip", address.backend_id)
    return address


def lost_volume(stage: Stage) -> Any:
    volume = stage.volume()
    cloud_of(volume.tenant).block_storage.delete_volume(volume.backend_id)
    return volume


def of_instance(name: str) -> Any:
    """One of what belongs to a server's tenant."""
    return lambda stage: getattr(stage.instance().tenant, name).first()


def pulls(name: str, given: Any) -> tuple[str, Scenario]:
    return f"openstack.{name}", Scenario(given, begin(f"openstack.{name}"))


SCENARIOS = dict(
    (
        pulls("tenant.pull", changed_tenant),
        *(
            pulls(f"tenant.pull_{part}", changed_tenant)
            for part in (
                "quotas", "security_groups", "server_groups", "floating_ips", "flavors", "images", "volume_types",
            )
        ),
        pulls("instance.pull", Stage.instance),
        pulls("volume.pull", lost_volume),
        pulls("snapshot.pull", lambda stage: add_snapshot(stage.volume())),
        pulls("backup.pull", lambda stage: add_backup(stage.instance())),
        pulls("network.pull", of_instance("networks")),
        pulls("subnet.pull", of_instance("subnets")),
        pulls("port.pull", of_instance("ports")),
        pulls("floating_ip.pull", lost_floating_ip),
        pulls("security_group.pull", changed_group),
        pulls("server_group.pull", server_group),
    )
)  # fmt: skip
