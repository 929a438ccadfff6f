"""The seed's use cases, from one simulated cloud to another."""

import pytest

from tests.replication.clouds import ROOM, TwoClouds
from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import Offering, Order
from waldur_openstack import models


def names(found: list[dict[str, str]]) -> set[str]:
    return {item["name"] or item["address"] for item in found}


def test_a_tenant_moves_to_another_provider(clouds: TwoClouds) -> None:
    """Use case 1, with a volume type that is called otherwise there."""
    service = clouds.destination.scope
    counters.set_limits(clouds.tenant, {"gigabytes_ssd": 70, "gigabytes_hdd": 30})
    pairs = [
        {
            "src_type_uuid": clouds.type_of(clouds.tenant.service_settings, name),
            "dst_type_uuid": clouds.type_of(service, "hdd"),
        }
        for name in ("ssd", "hdd")
    ]
    migration = clouds.migrate(mappings={"volume_types": pairs})

    tenant = migration.tenant
    assert tenant and tenant.state == "OK"
    assert clouds.meaning_of(tenant) == clouds.expected()
    assert (migration.verification["verified"], migration.verification["compared_with"]) == (True, "source")
    limits = dict(counters.quotas_of(tenant).values_list("name", "limit"))
    assert (limits["gigabytes_hdd"], limits["network_count"], limits["vcpu"]) == (100, 500, 200)
    assert clouds.cloud_of(tenant).block_storage.quotas(tenant.backend_id)["gigabytes_hdd"]["limit"] == 100
    # our records say the same as the cloud
    assert set(models.Network.objects.filter(tenant=tenant).values_list("name", "state")) == {
        ("genome-int-net", "OK"), ("front", "OK"), ("back", "OK"), ("six", "OK"),
    }  # fmt: skip
    assert models.SubNet.objects.filter(tenant=tenant, is_connected=True, router__name="border").count() == 3
    circle = models.SecurityGroupRule.objects.filter(security_group__tenant=tenant, remote_group__name__in="ab")
    assert set(circle.values_list("security_group__name", "remote_group__name")) == {("a", "b"), ("b", "a"), ("a", "a")}
    before = clouds.meaning_of(tenant)
    rows = models.SecurityGroupRule.objects.filter(security_group__tenant=tenant).count()
    clouds.act(tenant, "pull")
    assert (clouds.meaning_of(tenant), rows) == (
        before, models.SecurityGroupRule.objects.filter(security_group__tenant=tenant).count(),
    )  # fmt: skip


@pytest.mark.slow
def test_what_was_made_has_an_order_and_offerings_of_its_own(clouds: TwoClouds) -> None:
    migration = clouds.begin(name="moved", description="by migration")
    assert clouds.shown(migration)["dst_resource_state"] == "Creating"
    migration = clouds.migrate_begun(migration)
    resource = migration.dst_resource
    order = Order.objects.get(resource=resource)
    assert (order.type, order.state, order.created_by) == ("Create", "done", clouds.owner)
    assert (order.limits, order.plan) == (ROOM, clouds.destination.plans.get())
    assert (resource.state, resource.name, resource.description, resource.limits) == (
        "OK",
        "moved",
        "by migration",
        ROOM,
    )
    assert resource.plan_periods.filter(end=None).count() == 1
    private = Offering.objects.filter(scope_uuid=resource.scope_uuid).values_list("name", flat=True)
    assert set(private) == {"Virtual machine in moved", "Volume in moved"}


@pytest.mark.slow
def test_a_development_environment_gets_other_addresses(clouds: TwoClouds) -> None:
    """Use case 2: gateways, pools, name servers, host routes, interfaces, static routes and rules follow."""
    pairs = [
        {"src_cidr": "10.0.1.0/24", "dst_cidr": "192.168.1.0/24"},
        {"src_cidr": "10.0.2.0/23", "dst_cidr": "172.16.6.0/23"},
        {"src_cidr": "fd00:1::/64", "dst_cidr": "fd00:2::/64"},
    ]
    migration = clouds.migrate(name="Development Environment", mappings={"subnets": pairs})
    assert migration.verification["verified"], migration.verification["differences"]
    tenant = migration.tenant
    assert tenant
    subnets = {subnet.cidr: subnet for subnet in models.SubNet.objects.filter(tenant=tenant)}
    web = subnets["192.168.1.0/24"]
    assert (web.gateway_ip, web.dns_nameservers) == ("192.168.1.254", ["192.168.1.53", "9.9.9.9"])
    assert web.allocation_pools == [{"start": "192.168.1.20", "end": "192.168.1.90"}]
    assert web.host_routes == [{"destination": "10.8.0.0/16", "nexthop": "192.168.1.7"}]
    assert subnets["fd00:2::/64"].gateway_ip == "fd00:2::"
    assert {"10.0.8.0/28", "172.16.6.0/23"} <= subnets.keys()
    border = models.Router.objects.get(tenant=tenant, name="border")
    assert border.routes == [{"destination": "10.0.8.0/28", "nexthop": "172.16.6.9"}]
    cidrs = models.SecurityGroupRule.objects.filter(security_group__tenant=tenant, security_group__name="a")
    assert {"192.168.1.0/24", "192.168.1.7/32"} <= set(cidrs.values_list("cidr", flat=True))
    (skipped,) = clouds.report(migration, kind="static_route", state="skipped")
    assert skipped["reason"] == "It leads to no subnet that comes along."


@pytest.mark.slow
def test_a_site_for_disasters_keeps_the_addresses_of_servers(clouds: TwoClouds) -> None:
    """Use case 3: ports of servers and of virtual addresses, in the networks that matter."""
    server = clouds.build_server(clouds.tenant).scope
    site = clouds.source_cloud.network
    internal = models.Network.objects.get(tenant=clouds.tenant, name="genome-int-net")
    virtual = site.create(
        "port", name="vip", network_id=internal.backend_id, device_owner="compute:nova", port_security_enabled=True,
        allowed_address_pairs=[{"ip_address": "192.168.42.77"}],
    )  # fmt: skip
    free = site.create("port", name="nobody's", network_id=internal.backend_id)
    clouds.pull()

    migration = clouds.migrate(mappings={"sync_instance_ports": True, "networks": [internal.uuid.hex]})

    assert migration.verification["verified"], migration.verification["differences"]
    tenant = migration.tenant
    assert tenant
    assert [network.name for network in models.Network.objects.filter(tenant=tenant)] == ["genome-int-net"]
    own = server.ports.get()
    made = {port.mac_address: port for port in models.Port.objects.filter(tenant=tenant, device_owner="")}
    assert made.keys() == {own.mac_address, virtual["mac_address"]}
    twin = made[own.mac_address]
    assert [fixed["ip_address"] for fixed in twin.fixed_ips] == [fixed["ip_address"] for fixed in own.fixed_ips]
    assert [group.name for group in twin.security_groups.all()] == ["ssh"]
    assert twin.subnet and twin.subnet.tenant == tenant
    assert made[virtual["mac_address"]].allowed_address_pairs == virtual["allowed_address_pairs"]
    left_out = clouds.report(migration, kind="port", state="skipped")
    assert free["id"] in {item["source_id"] for item in left_out}
    assert {"front", "back", "six"} == names(clouds.report(migration, kind="network", state="skipped"))


@pytest.mark.slow
def test_a_tenant_may_stay_inside(clouds: TwoClouds) -> None:
    migration = clouds.migrate(mappings={"skip_connection_extnet": True})
    routers = models.Router.objects.filter(tenant=migration.tenant)
    assert routers and not routers.exclude(external_network_id="").exists()
    assert migration.verification["verified"], migration.verification["differences"]


@pytest.mark.slow
def test_a_tenant_is_copied_within_its_cloud(clouds: TwoClouds) -> None:
    offering = clouds.source.offering
    plan = offering.plans.get()
    migration = clouds.migrate(dst_offering=offering.uuid.hex, dst_plan=plan.uuid.hex, name="copy")
    tenant = migration.tenant
    assert tenant and tenant.service_settings == clouds.tenant.service_settings
    assert clouds.meaning_of(tenant) == clouds.expected()
