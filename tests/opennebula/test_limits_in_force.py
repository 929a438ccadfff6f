"""Limits, rules and marks are not only written down: OpenNebula refuses what they forbid."""

import pyone
import pytest

from tests.marketplace.stage import post
from tests.opennebula.looks import (
    connect,
    credentials_of,
    done,
    ended,
    everything,
    restriction,
    served,
    state_of,
    vm_quota,
    work,
)
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from waldur_mastermind.marketplace.models import ComponentUsage, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

OUTSIDE = 'NIC=[NETWORK_ID="0"]'


def test_a_customer_gets_no_more_than_ordered(stage: OpenNebulaStage, site: Site) -> None:
    resource = served(site.of_vdcs(), stage.order_vdc())
    user = connect(site, credentials_of(resource))
    inside = f'NIC=[NETWORK_ID="{resource.backend_metadata["network_id"]}"]'

    for refused, what in (
        ("CPU=5\nVCPU=5", "CPU quota in VM"),
        ("MEMORY=8193", "MEMORY quota in VM"),
        ('DISK=[IMAGE_ID="0",SIZE="20481"]', "SYSTEM_DISK_SIZE quota in VM"),
    ):
        with pytest.raises(pyone.OneAuthorizationException, match=what):
            user.template.instantiate(0, "large", False, refused)
    user.image.allocate('NAME="first" TYPE="DATABLOCK" SIZE="12288"', 1, False)
    with pytest.raises(pyone.OneAuthorizationException, match="SIZE quota in DATASTORE with ID: 1"):
        user.image.allocate('NAME="second" TYPE="DATABLOCK" SIZE="12288"', 1, False)

    user.template.instantiate(0, "first", False, f"{OUTSIDE}\n{inside}")
    user.template.instantiate(0, "second", False, inside)  # private addresses are free
    with pytest.raises(pyone.OneAuthorizationException, match="LEASES quota in NETWORK with ID: 0"):
        user.template.instantiate(0, "third", False, OUTSIDE)


def test_only_the_rules_given_let_anything_in(stage: OpenNebulaStage, site: Site) -> None:
    resource = served(site.of_vdcs(), stage.order_vdc())
    one, network = connect(site), resource.backend_metadata["network_id"]
    [group] = [each for each in one.secgrouppool.info(-2, -1, -1).SECURITY_GROUP if each.NAME == "genome-lab_default"]

    assert one.vn.info(network).TEMPLATE["SECURITY_GROUPS"] == str(group.ID)  # without the one that allows all
    rules = one.secgroup.info(group.ID).TEMPLATE["RULE"]
    inbound = [(rule["PROTOCOL"], rule.get("RANGE")) for rule in rules if rule["RULE_TYPE"].lower() == "inbound"]
    assert inbound == [("TCP", "22:22"), ("ICMP", None)]
    user = connect(site, credentials_of(resource))
    vm = user.vm.info(user.template.instantiate(0, "web", False, f'NIC=[NETWORK_ID="{network}"]'))
    assert vm.TEMPLATE["NIC"]["SECURITY_GROUPS"] == str(group.ID)


def test_no_password_stands_in_opennebula(stage: OpenNebulaStage, site: Site) -> None:
    order = stage.order_vdc()
    agent = site.of_vdcs()
    agent.works("order_process", lambda: ended(order))
    _, password = credentials_of(done(order))

    stands = "".join(everything(site).values())
    assert "WALDUR_PASSWORD_SALT" in stands
    assert password not in stands
    assert password not in agent.log.read_text()
    assert site.twin.session not in agent.log.read_text()


def test_a_password_that_its_user_has_changed_is_shown_no_more(stage: OpenNebulaStage, site: Site) -> None:
    agent = site.of_vdcs()
    resource = served(agent, stage.order_vdc())
    user = connect(site, credentials_of(resource))
    user.user.passwd(user.user.info(-1).ID, "my-own")

    agent.works("membership_sync", lambda: Resource.objects.get(pk=resource.pk).secret_metadata == {})

    resource.refresh_from_db()
    assert resource.backend_metadata["opennebula_username"] == "genome-lab_admin"
    assert work(site, ("genome-lab_admin", "my-own"))


def test_limits_changed_by_hand_are_put_back(stage: OpenNebulaStage, site: Site) -> None:
    agent = site.of_vdcs()
    resource = served(agent, stage.order_vdc())
    connect(site).group.quota(site.cloud.id_of("groups", "genome-lab"), 'VM=[CPU="99",MEMORY="1"]')

    agent.works("membership_sync", lambda: vm_quota(site, "genome-lab").CPU == 4)

    quota = vm_quota(site, "genome-lab")
    assert (quota.CPU, quota.MEMORY, quota.SYSTEM_DISK_SIZE) == (4, 8192, 20480)
    resource.refresh_from_db()
    assert (resource.state, resource.limits) == ("OK", LIMITS)


def test_a_downscaled_vdc_takes_no_machine_more_until_it_is_restored(stage: OpenNebulaStage, site: Site) -> None:
    agent = site.of_vdcs()
    resource = served(agent, stage.order_vdc())
    user = connect(site, credentials_of(resource))
    vm = user.template.instantiate(0, "first", False, "")

    post(stage.staff, resource, "set_downscaled", {"downscaled": True})
    agent.works("membership_sync", lambda: restriction(stage.member, resource) == "downscaled")
    assert vm_quota(site, "genome-lab").VMS == 1
    with pytest.raises(pyone.OneAuthorizationException, match="VMS quota"):
        user.template.instantiate(0, "second", False, "")
    assert state_of(site, vm) == 3

    post(stage.staff, resource, "set_paused", {"paused": True})
    agent.works("membership_sync", lambda: restriction(stage.member, resource) == "paused")
    assert state_of(site, vm) == 5
    with pytest.raises(pyone.OneException, match="RUNNING_VMS"):
        user.vm.action("resume", vm)

    for mark in ("paused", "downscaled"):
        post(stage.staff, resource, f"set_{mark}", {mark: False})
    agent.works("membership_sync", lambda: state_of(site, vm) == 3)
    agent.works("membership_sync", lambda: restriction(stage.member, resource) is None)
    assert vm_quota(site, "genome-lab").VMS in (-1, -2)
    user.template.instantiate(0, "second", False, "")


def test_a_report_costs_as_many_calls_for_three_vdcs_as_for_one(stage: OpenNebulaStage, site: Site) -> None:
    agent = site.of_vdcs()

    def calls_of_a_report(resources: int) -> list[str]:
        ComponentUsage.objects.all().delete()
        since = site.cloud.call_count()
        agent.works("report", lambda: ComponentUsage.objects.values("resource").distinct().count() == resources)
        return sorted(call["operation"] for call in site.cloud.calls(since))

    first = stage.order_vdc("Lab 1")
    agent.works("order_process", lambda: ended(first))
    of_one = calls_of_a_report(1)
    more = [stage.order_vdc(f"Lab {number}") for number in (2, 3)]
    agent.works("order_process", lambda: ended(*more))

    assert calls_of_a_report(3) == of_one
    assert of_one.count("vdcpool.info") == 1
    assert Resource.objects.filter(state="OK").count() == 3
