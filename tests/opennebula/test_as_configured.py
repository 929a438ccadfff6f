"""Every option of an offering of VDCs reaches OpenNebula; the agent's commands agree with its modes."""

from __future__ import annotations

import pytest

from tests.contract.stage import eventually
from tests.opennebula.looks import connect, served
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from waldur_mastermind.marketplace.models import ComponentUsage, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

OPTIONS = {
    "cluster_ids": [0, 100],
    "vxlan_phydev": "bond7",
    "default_dns": "192.0.2.53",
    "internal_network_base": "172.20.0.0",
    "internal_network_prefix": 16,
    "subnet_prefix_length": 26,
    "sched_requirements": 'NAME = "dummy1"',
    "security_group_defaults": [
        {"direction": "INBOUND", "protocol": "UDP", "range": "53"},
        {"direction": "OUTBOUND", "protocol": "TCP", "range": "443", "ip": "192.0.2.0", "size": "256"},
    ],
}


def test_every_option_reaches_opennebula(stage: OpenNebulaStage, site: Site) -> None:
    """What the offering says comes before what the agent's configuration says."""
    one = connect(site)
    assert one.cluster.allocate("second") == 100
    one.cluster.addvnet(100, 0)
    offering = stage.offer_vdcs("Special VDC", **OPTIONS)
    agent = site.of_vdcs(offering, cluster_ids=[0], vxlan_phydev="eth9", default_dns="203.0.113.53")

    resource = served(agent, stage.order_vdc(offering=offering))

    told = resource.backend_metadata
    vdc, network = one.vdc.info(int(told["vdc_id"])), one.vn.info(int(told["network_id"]))
    assert sorted(cluster.CLUSTER_ID for cluster in vdc.CLUSTERS.CLUSTER) == [0, 100]
    assert sorted(network.CLUSTERS.ID) == [0, 100]
    assert (network.VN_MAD, network.PHYDEV, network.VLAN_ID_AUTOMATIC) == ("vxlan", "bond7", "1")
    assert (network.TEMPLATE["DNS"], told["subnet_cidr"], told["gateway"]) == (
        "192.0.2.53",
        "172.20.0.0/26",
        "172.20.0.1",
    )
    router = one.vm.info(one.vrouter.info(int(told["router_id"])).VMS.ID[0])
    assert router.HISTORY_RECORDS.HISTORY[0].HOSTNAME == "dummy1"
    assert router.TEMPLATE["CONTEXT"]["ONEAPP_VNF_DNS_NAMESERVERS"] == "192.0.2.53"
    assert told["external_ip"] in [nic["IP"] for nic in router.TEMPLATE["NIC"]]
    rules = one.secgroup.info(site.cloud.id_of("security_groups", "genome-lab_default")).TEMPLATE["RULE"]
    assert [dict(rule) for rule in rules] == [
        {"RULE_TYPE": "INBOUND", "PROTOCOL": "UDP", "RANGE": "53"},
        {"RULE_TYPE": "OUTBOUND", "PROTOCOL": "TCP", "RANGE": "443", "IP": "192.0.2.0", "SIZE": "256"},
    ]


def test_use_falls_when_machines_end(stage: OpenNebulaStage, site: Site) -> None:
    agent = site.of_vdcs()
    resource = served(agent, stage.order_vdc())
    one = connect(site)
    vm = one.vm.allocate('NAME="web" CPU="1" MEMORY="2048"')
    one.vm.chown(vm, -1, int(resource.backend_metadata["group_id"]))

    def usage(kind: str) -> float:
        found = ComponentUsage.objects.filter(resource=resource, component__type=kind).first()
        return float(found.usage) if found else -1

    agent.works("report", lambda: (usage("cpu"), usage("ram")) == (1, 2))
    eventually(lambda: one.vm.info(vm).LCM_STATE == 3, seconds=30)
    one.vm.action("terminate-hard", vm)
    eventually(lambda: one.vm.info(vm).STATE == 6, seconds=30)
    agent.works("report", lambda: (usage("cpu"), usage("ram")) == (0, 0))


def test_the_agents_commands_agree_with_its_modes(stage: OpenNebulaStage, site: Site) -> None:
    agent = site.of_vdcs()
    resource = served(agent, stage.order_vdc())

    synced = agent.command("waldur_sync_resource_limits")
    assert synced.returncode == 0, synced.stderr
    assert Resource.objects.get(pk=resource.pk).limits == LIMITS

    looked = agent.command("waldur_site_diagnostics")
    assert "OpenNebula 7.2.0 at" in looked.stdout + looked.stderr
    assert "Resources of this agent: genome-lab" in looked.stdout + looked.stderr

    stranger = site.of_vdcs(credentials="oneadmin:very-secret").command("waldur_site_diagnostics")
    assert "credentials: OpenNebula does not accept them" in stranger.stdout + stranger.stderr
    assert "very-secret" not in stranger.stdout + stranger.stderr
