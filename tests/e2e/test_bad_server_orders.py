"""Servers and volumes that cannot be: refused when they are ordered, not when the cloud refuses them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.estate import Estate
from tests.e2e.market import ORDERS
from tests.factories import make_user
from tests.openstack.orders import key_of
from waldur_core.quotas import counters
from waldur_openstack import models
from waldur_openstack.models import Tenant

HOST_NAME = "The name must be a valid host name: labels of 1 to 63 letters, digits and inner hyphens, joined by dots."
GIBIBYTE = "The size is given in MiB and must be at least 1024 (1 GiB)."
NOWHERE = "http://testserver/api/openstack-instance-availability-zones/" + "0" * 32 + "/"
DIRECT = "The operator does not allow direct connections to an external network."


def item(model: Any, **fields: Any) -> Callable[[Estate], str]:
    """A link to a new item of the catalogue."""

    def link(estate: Estate) -> str:
        service = estate.tenant.service_settings
        made = model.objects.create(settings=service, name="special", backend_id="special", **fields)
        return estate.link(f"openstack-{KINDS[model]}s", made)

    return link


KINDS: dict[Any, str] = {
    models.Flavor: "flavor",
    models.Image: "image",
    models.InstanceAvailabilityZone: "instance-availability-zone",
}


def neighbour(estate: Estate) -> Tenant:
    """Another tenant of the same project and cloud."""
    fields = {"service_settings": estate.tenant.service_settings, "project": estate.project, "state": "OK"}
    return Tenant.objects.get_or_create(name="neighbour", defaults=fields)[0]


def foreign_subnet(estate: Estate) -> str:
    tenant = neighbour(estate)
    network = models.Network.objects.create(tenant=tenant, name="net", state="OK")
    made = models.SubNet.objects.create(tenant=tenant, network=network, name="s", cidr="10.0.0.0/24", state="OK")
    return estate.link("openstack-subnets", made)


def foreign_group(estate: Estate) -> str:
    made = models.SecurityGroup.objects.create(tenant=neighbour(estate), name="group", state="OK")
    return estate.link("openstack-security-groups", made)


def own_subnet(estate: Estate) -> str:
    return estate.link("openstack-subnets", models.SubNet.objects.get(tenant=estate.tenant))


def port(**fields: Any) -> Callable[[Estate], list[Any]]:
    return lambda estate: [{"subnet": own_subnet(estate), **fields}]


def not_here(kind: str) -> list[str]:
    return [f"There is no such {kind} for this tenant."]


def not_own(kind: str) -> list[str]:
    return [f"There is no such {kind} in this tenant."]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "my server", [HOST_NAME]),
        ("name", "-x", [HOST_NAME]),
        ("name", "", ["This field may not be blank."]),
        (
            "image",
            item(models.Image, min_ram=1024),
            {"flavor": ["The image needs 1024 MiB of RAM, the flavor has 512. Choose a larger flavor."]},
        ),
        ("image", item(models.Image, min_disk=10240), {"system_volume_size": ["The image needs at least 10240 MiB."]}),
        ("image", item(models.Image, is_public=False), not_here("image")),
        ("flavor", item(models.Flavor, is_public=False, cores=1, ram=512, disk=0), not_here("flavor")),
        ("flavor", 5, ["Give the URL of a flavor, not int."]),
        ("flavor", [], ["Give the URL of a flavor, not list."]),
        ("system_volume_size", 1023, [GIBIBYTE]),
        ("system_volume_size", None, ["This field may not be null."]),
        ("data_volume_size", 1, [GIBIBYTE]),
        ("data_volumes", [{"size": 5}], {"data_volumes": {"0": {"size": [GIBIBYTE]}}}),
        ("ports", [], {"ports": {"non_field_errors": ["This list may not be empty."]}}),
        ("ports", [None], {"ports": {"0": ["This field may not be null."]}}),
        ("ports", [{}], {"ports": {"0": {"non_field_errors": ["Name either a subnet or a port."]}}}),
        ("ports", lambda e: port()(e) * 2, ["Two of the ports are on the same subnet."]),
        ("ports", lambda e: [{"subnet": foreign_subnet(e)}], {"ports": {"0": {"subnet": not_here("subnet")}}}),
        (
            "ports",
            port(fixed_ips=[{"ip_address": "10.9.9.9"}]),
            {
                "ports": {
                    "0": {"fixed_ips": ["10.9.9.9 is no address of subnet genome-sub-net (192.168.42.0/24)."]},
                }
            },
        ),
        (
            "ports",
            port(fixed_ips=[{"subnet_id": "elsewhere"}]),
            {
                "ports": {
                    "0": {"fixed_ips": ["subnet_id is not the id of subnet genome-sub-net in the cloud."]},
                }
            },
        ),
        ("floating_ips", lambda e: port()(e) * 2, ["At most one floating IP per subnet."]),
        (
            "floating_ips",
            port(ip_address="192.0.2.1"),
            {"floating_ips": {"0": {"ip_address": ["The tenant has no such floating IP."]}}},
        ),
        (
            "security_groups",
            lambda e: [{"url": foreign_group(e)}],
            {"security_groups": {"0": not_own("security group")}},
        ),
        (
            "ssh_public_key",
            lambda e: e.link("keys", key_of(make_user())),
            ["There is no such SSH key, or you have no access to it."],
        ),
        ("user_data", "x" * 65536, ["User data must not be longer than 65535 bytes."]),
        ("user_data", "ä" * 32768, ["User data must not be longer than 65535 bytes."]),
        ("availability_zone", NOWHERE, not_here("availability zone")),
        (
            "availability_zone",
            item(models.InstanceAvailabilityZone, available=False),
            ["This zone is not available at present."],
        ),
        ("metadata", {"a": []}, {"metadata": {"a": ["Not a valid string."]}}),
        ("connect_directly_to_external_network", True, [DIRECT]),
    ],
)
def test_a_server_that_cannot_be(estate: Estate, field: str, value: Any, expected: Any) -> None:
    body = estate.inside("Instance", floating_ips=[])
    body["attributes"][field] = value(estate) if callable(value) else value
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, body)
    reasons = expected if isinstance(expected, dict) else {field: expected}
    assert (answer.status_code, answer.json()) == (400, {"attributes": reasons})
    assert estate.traces() == before


def test_a_server_beyond_the_quota(estate: Estate) -> None:
    """The sentence names the quota, its limit, what is used and what was asked for."""
    counters.set_limits(estate.tenant, {"vcpu": 1, "storage": 4096})
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, estate.inside("Instance"))
    too_small = "Quota {} of genome is too small: limit {}, used {}, asked for {} more."
    reasons = [too_small.format("storage", 4096, 5120, 3072), too_small.format("vcpu", 1, 1, 1)]
    assert (answer.status_code, answer.json()) == (400, {"attributes": {"non_field_errors": reasons}})
    assert estate.traces() == before


def test_a_floating_ip_without_an_external_network(estate: Estate) -> None:
    Tenant.objects.filter(pk=estate.tenant.pk).update(external_network_id="")
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, estate.inside("Instance"))
    reason = "The tenant is not connected to an external network."
    assert (answer.status_code, answer.json()) == (400, {"attributes": {"floating_ips": [reason]}})
    assert estate.traces() == before


def test_a_server_in_a_tenant_that_is_not_ok(estate: Estate) -> None:
    Tenant.objects.filter(pk=estate.tenant.pk).update(state="UPDATING")
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, estate.inside("Instance"))
    reason = "The tenant of this offering is not OK at present."
    assert (answer.status_code, answer.json()) == (400, {"offering": [reason]})
    assert estate.traces() == before


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "", ["This field may not be blank."]),
        ("size", 1023, [GIBIBYTE]),
        ("size", "big", ["A valid integer is required."]),
        ("size", 2**31, ["The size is given in MiB and must be at most 2147483647."]),
        ("image", item(models.Image, min_disk=10240), {"size": ["The image needs at least 10240 MiB."]}),
        ("image", item(models.Image, is_public=False), not_here("image")),
        ("type", "x", ["This URL does not lead to a volume type."]),
    ],
)
def test_a_volume_that_cannot_be(estate: Estate, field: str, value: Any, expected: Any) -> None:
    body = estate.inside("Volume")
    body["attributes"][field] = value(estate) if callable(value) else value
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, body)
    reasons = expected if isinstance(expected, dict) else {field: expected}
    assert (answer.status_code, answer.json()) == (400, {"attributes": reasons})
    assert estate.traces() == before


def test_volumes_that_are_too_large_together(estate: Estate) -> None:
    """Also where the quota has no limit."""
    counters.set_limits(estate.tenant, {"storage": -1})
    before = estate.traces()
    sizes = {"system_volume_size": 2**30, "data_volume_size": 2**30}
    answer = estate.post(estate.owner, ORDERS, estate.inside("Instance", **sizes))
    reason = "All volumes together are larger than 2147483647 MiB."
    assert (answer.status_code, answer.json()) == (400, {"attributes": {"system_volume_size": [reason]}})
    assert estate.traces() == before


def test_limits_of_what_has_none(estate: Estate) -> None:
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, {**estate.inside("Volume"), "limits": {"cores": 1}})
    assert (answer.status_code, answer.json()) == (400, {"limits": ["This offering has no limits."]})
    assert estate.traces() == before
