"""Quotas of a project in the three services that keep some: their names, their units, set, read, deleted, exceeded."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.stage import Room, Site, device, unique
from waldur_core.operations.errors import CloudQuotaExceeded, Invalid
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud

COLUMN = {"compute": "in_use", "block_storage": "in_use", "network": "used"}
SERVICES = tuple(COLUMN)
LIMITS = {quota.name: 11 * quota.scale for quota in quotas.QUOTAS}


@pytest.fixture(scope="module")
def empty_project(site: Site) -> Iterator[str]:
    with ExitStack() as later:
        yield site.new_project(later)


@pytest.fixture
def cloud(site: Site, empty_project: str) -> Cloud:
    """As the administrator in a project that has the default quotas and nothing else."""
    for service in SERVICES:
        getattr(site.admin, service).delete_quotas(empty_project)
    return site.admin.in_project(empty_project)


def limits(site: Site, service: str, project_id: str) -> dict[str, int]:
    return quotas.from_backend(service, getattr(site.admin, service).quotas(project_id), "limit")


@pytest.mark.parametrize("service", SERVICES)
def test_limits_are_set_and_read_in_our_names_and_units(site: Site, cloud: Cloud, service: str) -> None:
    wanted = quotas.as_backend_limits(LIMITS, service)
    assert wanted
    project_id = cloud.credentials.project_id
    getattr(site.admin, service).set_quotas(project_id, wanted)
    expected = {quota.name: LIMITS[quota.name] for quota in quotas.QUOTAS if quota.service == service}
    assert limits(site, service, project_id) == expected


@pytest.mark.parametrize("service", SERVICES)
def test_setting_one_limit_leaves_the_others(site: Site, cloud: Cloud, service: str) -> None:
    project_id = cloud.credentials.project_id
    before = limits(site, service, project_id)
    name = next(quota for quota in quotas.QUOTAS if quota.service == service)
    getattr(site.admin, service).set_quotas(project_id, {name.backend_name: 3})
    assert limits(site, service, project_id) == {**before, name.name: 3 * name.scale}


@pytest.mark.parametrize("service", SERVICES)
def test_deleted_quotas_are_the_defaults_again(site: Site, cloud: Cloud, service: str) -> None:
    project_id, gateway = cloud.credentials.project_id, getattr(site.admin, service)
    before = limits(site, service, project_id)
    gateway.set_quotas(project_id, quotas.as_backend_limits(LIMITS, service))
    gateway.delete_quotas(project_id)
    assert limits(site, service, project_id) == before
    gateway.delete_quotas(project_id)


@pytest.mark.parametrize("service", SERVICES)
def test_minus_one_is_without_limit(site: Site, cloud: Cloud, service: str) -> None:
    project_id = cloud.credentials.project_id
    name = next(quota for quota in quotas.QUOTAS if quota.service == service)
    getattr(site.admin, service).set_quotas(project_id, {name.backend_name: -1})
    assert limits(site, service, project_id)[name.name] == -1


@pytest.mark.parametrize("service", SERVICES)
def test_an_unused_project_uses_nothing_but_its_default_security_group(site: Site, cloud: Cloud, service: str) -> None:
    project_id = cloud.credentials.project_id
    cloud.network.list("security_group", project_id=project_id)
    answer = getattr(site.admin, service).quotas(project_id)
    used = quotas.from_backend(service, answer, COLUMN[service])
    assert {name: count for name, count in used.items() if count} == (
        {"security_group_count": 1, "security_group_rule_count": 4} if service == "network" else {}
    )


@pytest.mark.parametrize("service", ("compute", "block_storage"))
def test_an_unknown_quota_is_refused(site: Site, cloud: Cloud, service: str) -> None:
    with pytest.raises(Invalid, match="nonsense"):
        getattr(site.admin, service).set_quotas(cloud.credentials.project_id, {"nonsense": 1})


def test_quotas_outlive_their_project_until_they_are_deleted(site: Site, later: ExitStack) -> None:
    project_id = site.new_project(later)
    for service in SERVICES:
        getattr(site.admin, service).set_quotas(project_id, quotas.as_backend_limits(LIMITS, service))
    site.admin.identity.delete_project(project_id)
    with pytest.raises(Invalid, match="not a valid project"):
        site.admin.compute.quotas(project_id)
    for service, name in (("block_storage", "volumes"), ("network", "network")):
        assert getattr(site.admin, service).quotas(project_id)[name]["limit"] == 11
    for service in SERVICES:
        getattr(site.admin, service).delete_quotas(project_id)
    for service, name in (("block_storage", "volumes"), ("network", "network")):
        assert getattr(site.admin, service).quotas(project_id)[name]["limit"] != 11


def test_a_limit_for_a_project_that_does_not_exist_is_refused_by_nova(site: Site) -> None:
    with pytest.raises(Invalid, match="not a valid project"):
        site.admin.compute.set_quotas("f" * 32, {"cores": 1})


def test_the_tenant_may_read_its_own_quotas(site: Site) -> None:
    for service in SERVICES:
        answer = getattr(site.cloud, service).quotas(site.project_id)
        assert quotas.from_backend(service, answer, "limit") == limits(site, service, site.project_id)


def test_a_server_uses_cores_memory_volumes_and_a_port(site: Site, later: ExitStack) -> None:
    def used() -> dict[str, int]:
        found: dict[str, int] = {}
        for service in SERVICES:
            answer = getattr(site.admin, service).quotas(site.project_id)
            found |= quotas.from_backend(service, answer, COLUMN[service])
        return found

    site.cloud.network.list("security_group")  # makes the default group
    before, room = used(), Room(site, later)
    room.server_in(room.server()["id"], "ACTIVE")
    after = used()
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {
        "vcpu": 1,
        "ram": 512,
        "instances": 1,
        "volumes": 1,
        "storage": 1024,
        "network_count": 1,
        "subnet_count": 1,
        "port_count": 1,
    }


def test_a_limit_below_what_is_used_is_refused_by_neutron_alone(site: Site, later: ExitStack) -> None:
    assert site.server
    for service in SERVICES:
        later.callback(getattr(site.admin, service).delete_quotas, site.project_id)
    site.admin.compute.set_quotas(site.project_id, {"cores": 0})
    site.admin.block_storage.set_quotas(site.project_id, {"volumes": 0})
    assert limits(site, "compute", site.project_id)["vcpu"] == 0
    assert limits(site, "block_storage", site.project_id)["volumes"] == 0
    with pytest.raises(Invalid, match="Quota limit 0 for port must be greater than or equal to already used"):
        site.admin.network.set_quotas(site.project_id, {"port": 0})


def test_too_many_cores_are_refused_by_name(site: Site, cloud: Cloud, later: ExitStack) -> None:
    room = Room(site, later)
    site.admin.compute.set_quotas(cloud.credentials.project_id, {"cores": 0})
    room.cloud = cloud
    body = room.server_body(networks="none", block_device_mapping_v2=[device(room.boot_volume(), 0)])
    with pytest.raises(CloudQuotaExceeded, match="cores"):
        cloud.compute.post("/servers", {"server": body}, microversion="2.37")


@pytest.mark.parametrize(("name", "size"), (("volumes", 1), ("gigabytes", 2)))
def test_too_many_volumes_or_gigabytes_are_refused(site: Site, cloud: Cloud, name: str, size: int) -> None:
    site.admin.block_storage.set_quotas(cloud.credentials.project_id, {name: size - 1})
    with pytest.raises(CloudQuotaExceeded, match=r"(?i)quota"):
        cloud.block_storage.create_volume(name=unique(), size=size)
    assert cloud.block_storage.volumes() == []


@pytest.mark.parametrize(
    ("kind", "attributes"),
    (
        ("network", {}),
        ("router", {}),
        ("security_group", {"name": "group"}),
        ("floatingip", {"floating_network_id": "external"}),
    ),
)
def test_too_many_objects_of_neutron_are_refused(
    site: Site, cloud: Cloud, kind: str, attributes: dict[str, Any]
) -> None:
    used = cloud.network.quotas(cloud.credentials.project_id)[kind]["used"]
    site.admin.network.set_quotas(cloud.credentials.project_id, {kind: used})
    if "floating_network_id" in attributes:
        attributes = {"floating_network_id": site.external_network_id}
    with pytest.raises(CloudQuotaExceeded, match=kind):
        cloud.network.create(kind, **attributes)


def test_too_many_rules_in_one_call_make_none(site: Site, cloud: Cloud) -> None:
    project_id = cloud.credentials.project_id
    group = cloud.network.create("security_group", name="group")
    used = cloud.network.quotas(project_id)["security_group_rule"]["used"]
    site.admin.network.set_quotas(project_id, {"security_group_rule": used + 1})
    rules = [
        {
            "security_group_id": group["id"],
            "direction": "ingress",
            "protocol": "tcp",
            "ethertype": "IPv4",
            "port_range_min": port,
            "port_range_max": port,
        }
        for port in (80, 443)
    ]
    with pytest.raises(CloudQuotaExceeded, match="security_group_rule"):
        cloud.network.create_many("security_group_rule", rules)
    assert cloud.network.quotas(project_id)["security_group_rule"]["used"] == used
    cloud.network.remove("security_group", group["id"])
