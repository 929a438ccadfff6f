"""A virtual data center: what is made, what it may do, what is left of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyone
import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import BadInput, CloudError, NameTaken
from waldur_site_agent_opennebula.core.markup import Thing
from waldur_site_agent_opennebula.core.options import Placement

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .tenant import TEMPLATE, as_user, found, listed, network, sign_in


def test_a_vdc_has_all_that_was_ordered_and_leaves_nothing(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()

    cloud.vdcs.create(order())

    made = {kind: [obj["name"] for obj in objects] for kind, objects in inspect.leftovers(before).items()}
    assert made.pop("acl_rules")
    assert made == {
        "groups": ["blue"],
        "vdcs": ["blue"],
        "vnets": ["blue_internal"],
        "virtual_routers": ["blue_router"],
        "vms": ["blue_router-0"],
        "security_groups": ["blue_default"],
        "users": ["blue_admin"],
    }
    cloud.vdcs.delete(found(cloud))
    assert inspect.leftovers(before) == {}


def test_a_network_is_in_all_clusters_of_its_vdc(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    """Machines in it may then be placed in each of them."""
    second = int(cloud.daemon.once("cluster.allocate", "second"))
    cloud.vdcs.create(order(placement=Placement(cluster_ids=(0, second))))

    vnet = cloud.pools.ours("vnets", "blue")
    assert vnet is not None
    assert vnet.ids("CLUSTERS/ID") == [0, second]
    assert [net.NAME for net in listed(as_user(twin, cloud).vnpool.info(-2, -1, -1).VNET)] == [
        "blue_internal",
        "external",
    ]


def test_a_vdc_without_network_options_has_no_network(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()

    cloud.vdcs.create(order(network=None, with_user=False))

    assert set(inspect.leftovers(before)) == {"groups", "vdcs", "acl_rules"}


def test_the_group_leaves_the_vdc_that_gives_everything(cloud: Cloud) -> None:
    cloud.vdcs.create(order())

    members = {vdc.id: vdc.ids("GROUPS/ID") for vdc in cloud.pools.fresh("vdcs")}
    group = cloud.pools.named("groups", "blue")
    assert group is not None
    assert group.id not in members[0]
    assert members[found(cloud).id] == [group.id]


def test_only_the_given_rules_let_anything_in(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    """OpenNebula gives each network a group that lets all in; it has to go, but not from the router."""
    cloud.vdcs.create(order())
    user = as_user(twin, cloud)

    vm = user.vm.info(user.template.instantiate(TEMPLATE, "web", False, network(cloud)))

    (rules_of_nic,) = {nic["SECURITY_GROUPS"] for nic in listed(vm.TEMPLATE["NIC"])}
    rules = cloud.pools.ours("security_groups", "blue")
    assert rules is not None
    assert rules_of_nic == str(rules.id)
    allowed = [(rule.text("PROTOCOL"), rule.text("RULE_TYPE")) for rule in rules.all("TEMPLATE/RULE")]
    assert allowed == [("TCP", "INBOUND"), ("ICMP", "INBOUND"), ("ALL", "OUTBOUND")]
    router = cloud.pools.ours("routers", "blue")
    assert router is not None
    machine = Thing(cloud.daemon.read("vm.info", router.ids("VMS/ID")[0]))
    assert all("0" in nic.text("SECURITY_GROUPS").split(",") for nic in machine.all("TEMPLATE/NIC"))


def test_the_router_translates_and_serves_addresses(cloud: Cloud) -> None:
    cloud.vdcs.create(order())

    router = cloud.pools.ours("routers", "blue")
    assert router is not None
    machine = Thing(cloud.daemon.read("vm.info", router.ids("VMS/ID")[0]))
    assert [nic.text("NETWORK") for nic in machine.all("TEMPLATE/NIC")] == ["blue_internal", "external"]
    context = machine.vector("TEMPLATE/CONTEXT")
    assert context["ETH0_IP"] == "10.0.0.1"
    assert context["ONEAPP_VNF_NAT4_INTERFACES_OUT"] == "eth1"
    assert context["ONEAPP_VNF_DHCP4_INTERFACES"] == "eth0"
    assert context["ONEAPP_VNF_DNS_NAMESERVERS"] == "8.8.8.8"


def test_two_resources_of_one_name_share_nothing(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    cloud.vdcs.create(order())
    before = inspect.objects()

    with pytest.raises(NameTaken, match="not made for this resource"):
        cloud.vdcs.create(replace(order(), resource="f" * 32))

    assert inspect.objects() == before


def test_a_tenant_sees_no_network_of_another_one_in_the_same_cluster(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    """Nor after other VDCs have come and gone; the provider's network can be used."""
    for backend_id in ("blue", "red", "green"):
        cloud.vdcs.create(order(backend_id))
    green = cloud.vdcs.find("green")
    assert green is not None
    cloud.vdcs.delete(green)
    red, user = cloud.pools.named("vnets", "red_internal"), as_user(twin, cloud)
    assert red is not None

    assert {each.NAME for each in user.vnpool.info(-2, -1, -1).VNET} == {"blue_internal", "external"}
    with pytest.raises(pyone.OneAuthorizationException):
        user.vn.info(red.id)
    with pytest.raises(pyone.OneAuthorizationException):
        user.template.instantiate(TEMPLATE, "spy", False, f'NIC=[NETWORK_ID="{red.id}"]')
    user.template.instantiate(TEMPLATE, "web", False, 'NIC=[NETWORK_ID="0"]')


def test_the_providers_network_is_given_though_it_is_not_for_all(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    cloud.daemon.once("vn.chmod", 0, *(-1,) * 6, 0, 0, 0)
    cloud.vdcs.create(order())

    as_user(twin, cloud).template.instantiate(TEMPLATE, "web", False, 'NIC=[NETWORK_ID="0"]')


def test_somebody_elses_group_of_that_name_is_left_alone(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    cloud.daemon.once("group.allocate", "blue")
    before = inspect.objects()

    with pytest.raises(NameTaken, match="rename or delete it"):
        cloud.vdcs.create(order())

    assert inspect.objects() == before


@pytest.mark.parametrize(
    "operation",
    [
        *("group.allocate", "group.quota", "vdc.addcluster", "vn.allocate", "vrouter.*"),
        *("vn.update", "secgroup.allocate", "user.allocate"),
    ],
)
def test_what_fails_is_undone(cloud: Cloud, inspect: OpenNebulaTwinClient, operation: str) -> None:
    before = inspect.objects()
    inspect.refuse(operation, message="no")

    with pytest.raises(CloudError, match="no"):
        cloud.vdcs.create(order())

    assert inspect.leftovers(before) == {}


def test_a_network_that_ends_in_error_is_told_and_undone(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()
    inspect.fail_next("vnet.create", "the driver has no link")

    with pytest.raises(CloudError, match="the driver has no link"):
        cloud.vdcs.create(order())

    assert inspect.leftovers(before) == {}


def test_a_complete_vdc_survives_a_repeated_order_that_fails(cloud: Cloud, inspect: OpenNebulaTwinClient) -> None:
    cloud.vdcs.create(order())
    before = inspect.objects()
    inspect.refuse("group.quota")

    with pytest.raises(CloudError):
        cloud.vdcs.create(order())

    assert inspect.objects() == before


@pytest.mark.parametrize(
    ("networking", "sentence"),
    [
        ({"virtual_router_template_id": 77}, "virtual_router_template_id: OpenNebula has no template 77"),
        ({"virtual_router_template_id": TEMPLATE}, "virtual_router_template_id: .* no VROUTER=YES"),
        ({"external_network_id": 77}, "external_network_id: OpenNebula has no network 77"),
        ({"internal_network_base": "8.8.0.0", "internal_network_prefix": 16}, "internal_network_base: .* not private"),
        ({"subnet_prefix_length": 4}, "subnet_prefix_length: /4 does not fit"),
        ({"security_group_defaults": [{"protocol": "SCTP"}]}, "security_group_defaults: protocol SCTP"),
        ({"security_group_defaults": [{"port": "22"}]}, "security_group_defaults: port is not known"),
        ({"security_group_defaults": [{"protocol": "TCP", "range": "x"}]}, "security_group_defaults: .*Invalid RANGE"),
        ({"external_network_id": "ten"}, "external_network_id: 'ten' is no whole number"),
    ],
)
def test_options_that_cannot_work_are_named(
    cloud: Cloud, inspect: OpenNebulaTwinClient, networking: dict[str, Any], sentence: str
) -> None:
    before = inspect.objects()

    with pytest.raises(BadInput, match=sentence):
        cloud.vdcs.create(order(networking=networking))

    assert inspect.leftovers(before) == {}


def test_an_external_network_without_addresses_is_named(cloud: Cloud) -> None:
    empty = 'NAME="dry" VN_MAD="bridge" BRIDGE="br9" AR=[TYPE="IP4",IP="198.51.100.1",SIZE="1"]'
    dry = cloud.daemon.once("vn.allocate", empty, -1)
    cloud.daemon.once("vn.hold", dry, 'LEASES=[IP="198.51.100.1"]')

    with pytest.raises(BadInput, match=r"external_network_id: .* no free address"):
        cloud.vdcs.create(order(networking={"external_network_id": dry}))


def test_wrong_credentials_are_named(twin: OpenNebulaTwin) -> None:
    with pytest.raises(CloudError, match="credentials: OpenNebula does not accept them"):
        connect(twin, credentials="oneadmin:wrong").vdcs.create(order())


def test_the_published_password_works_and_stands_nowhere(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    cloud.vdcs.create(order())

    name, password = sign_in(cloud)

    assert pyone.OneServer(twin.endpoint, session=f"{name}:{password}").user.info(-1).NAME == "blue_admin"
    for pool in ("userpool.info", "vdcpool.info", "grouppool.info"):
        assert password not in cloud.daemon.insist(pool)


def test_a_restarted_agent_tells_the_same_password(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    cloud.vdcs.create(order())

    assert sign_in(connect(twin)) == sign_in(cloud)


def test_a_password_that_the_user_has_changed_is_not_published(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    cloud.vdcs.create(order())
    user = as_user(twin, cloud)
    user.user.passwd(user.user.info(-1).ID, "my-own")
    cloud.pools.forget()

    assert sign_in(cloud) == ("blue_admin", "")
