"""What is wrong in settings, plugin options, plans or orders: a sentence names key and remedy, nothing is left."""

from typing import Any

import pytest

from tests.opennebula.looks import connect, done, ended, make_network, refusal
from tests.opennebula.stage import OpenNebulaStage, Site
from waldur_mastermind.marketplace.models import Order

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

FULL = 'NAME="full" VN_MAD="bridge" BRIDGE="br7" AR=[TYPE="IP4",IP="198.51.100.10",SIZE="1"]'
EMPTY = 'NAME="empty" VN_MAD="bridge" BRIDGE="br8"'
OF_VDCS: dict[str, tuple[dict[str, Any], str]] = {  # plugin options → what the order ends with
    "no such template": (
        {"virtual_router_template_id": 99},
        "virtual_router_template_id: OpenNebula has no template 99. Import the VNF appliance.",
    ),
    "template of machines": (
        {"virtual_router_template_id": 0},
        "virtual_router_template_id: template 0 (alpine) has no VROUTER=YES. Name the VNF appliance's template.",
    ),
    "no such network": (
        {"external_network_id": 99},
        "external_network_id: OpenNebula has no network 99. Name the provider's network.",
    ),
    "network that is full": (
        {"external_network_id": "FULL"},
        "(full) has no free address. Add an address range",
    ),
    "network without range": ({"external_network_id": "EMPTY"}, "(empty) has no free address. Add an address range"),
    "prefix of nothing": ({"subnet_prefix_length": 40}, "subnet_prefix_length: "),
    "pool of nothing": ({"internal_network_base": "banana"}, "internal_network_base: "),
    "rule of nothing": ({"security_group_defaults": [{"protocol": "TCP", "range": "x"}]}, "security_group_defaults: "),
    "no such cluster": ({"cluster_ids": [77]}, "cluster_ids: OpenNebula has no cluster 77. Name only such as exist."),
    "no such zone": ({"zone_id": 9}, "Name the zone of the clusters, mostly 0."),
    "misspelt key": (
        {"external_netwrok_id": 0},
        "plugin_options.external_netwrok_id: it is not known. Did you mean external_network_id?",
    ),
    "key of the agent": (
        {"create_opennebula_user": True},
        "plugin_options.create_opennebula_user: it is read only in the agent's configuration.",
    ),
}
OF_SUBNETS = {
    "banana": "subnet_cidr: 'banana' is no IPv4 subnet",
    "8.8.8.0/24": "subnet_cidr: 8.8.8.0/24 is not private",
    "10.77.3.0/24": "subnet_cidr: 10.77.3.0/24 overlaps with another network",
    "10.5.0.0/30": "subnet_cidr: ",
}
OF_VMS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {  # plugin options, order
    "no such template": ({"template_id": 99}, {}, "template_id: OpenNebula has no template 99. Name one that exists."),
    "template of routers": ({"template_id": 1}, {}, "template_id: template 1 is one of virtual routers. Name one of"),
    "no such parent": (
        {"parent_vdc_backend_id": "nowhere"},
        {},
        "parent_vdc_backend_id: OpenNebula has no VDC nowhere. Order it first, or name another one.",
    ),
    "plan without amounts": (
        {},
        {"plan": "Empty"},
        "plan: it has no amounts. Give the plan the components vcpu",
    ),
    "no such cluster": ({"cluster_ids": [77]}, {}, "cluster_ids: OpenNebula has no cluster 77."),
    "no such model": (
        {},
        {"model": "gpt"},
        "model: OpenNebula has no image gpt. Register the model as an image",
    ),
    "model not ready": ({}, {"model": "llama"}, "is not READY. Wait for it or repair it."),
    "parameter of nothing": (
        {},
        {"model": "alpine", "ONEAPP_VLLM_API_PORT": "99999"},
        "ONEAPP_VLLM_API_PORT: '99999' does not fit. Give a port between 1 and 65535.",
    ),
    "key of nothing": ({}, {"ssh_public_key": "hello"}, "ssh_public_key: it is no public key and no key's UUID. Paste"),
}


def test_vdcs_that_cannot_be_made(stage: OpenNebulaStage, site: Site) -> None:
    """One agent, an offering per mistake; the one that is right is served all the same."""
    one = connect(site)
    networks = {"FULL": make_network(site, FULL), "EMPTY": make_network(site, EMPTY)}
    make_network(site, 'NAME="wide" VN_MAD="bridge" BRIDGE="br9" AR=[TYPE="IP4",IP="10.77.0.1",SIZE="5000"]')
    one.vn.hold(networks["FULL"], "LEASES=[IP=198.51.100.10]")
    before = site.cloud.objects()
    expected: list[tuple[Order, str]] = []
    agents = [site.of_vdcs()]
    for name, (options, sentence) in OF_VDCS.items():
        offering = stage.offer_vdcs(name, **{key: networks.get(str(value), value) for key, value in options.items()})
        agents.append(site.of_vdcs(offering))
        expected.append((stage.order_vdc(name, offering), sentence))
    expected += [
        (stage.order_vdc(f"subnet {number}", subnet_cidr=subnet), sentence)
        for number, (subnet, sentence) in enumerate(OF_SUBNETS.items())
    ]

    bare = stage.offer_vdcs("without networks", external_network_id="")
    agents.append(site.of_vdcs(bare))
    expected.append(
        (stage.order_vdc("bare", bare, subnet_cidr="192.168.7.0/24"), "subnet_cidr: VDCs of this offering have")
    )

    agents[0].serve_also(*agents[1:]).works("order_process", lambda: ended(*[order for order, _ in expected]), 120)

    for order, sentence in expected:
        assert sentence in refusal(order)
    assert site.cloud.leftovers(before) == {}


def test_machines_that_cannot_be_made(stage: OpenNebulaStage, site: Site) -> None:
    one = connect(site)
    image = one.image.allocate('NAME="llama" TYPE="DATABLOCK" SIZE="64"', 1, False)
    parent = stage.order_vdc("parent")
    site.of_vdcs().works("order_process", lambda: ended(parent))
    done(parent)
    one.image.enable(image, False)
    before = site.cloud.objects()
    expected: list[tuple[Order, str]] = []
    agents = []
    for name, (options, wish, sentence) in OF_VMS.items():
        offering = stage.offer_vms(name, **options)
        agents.append(site.of_vms("parent", offering))
        expected.append((stage.order_vm(name, offering=offering, **wish), sentence))

    agents[0].serve_also(*agents[1:]).works("order_process", lambda: ended(*[order for order, _ in expected]), 120)

    for order, sentence in expected:
        assert sentence in refusal(order)
    assert site.cloud.leftovers(before) == {}


def test_settings_that_cannot_work_are_named_and_stop_nobody_else(stage: OpenNebulaStage, site: Site) -> None:
    before = site.cloud.objects()
    no_url, no_mode, stranger = (stage.offer_vdcs(name) for name in ("no url", "no mode", "stranger"))
    orders = [stage.order_vdc(offering.name, offering) for offering in (no_url, no_mode, stranger)]
    right = stage.order_vdc("right")
    agent = site.of_vdcs(templat_id=3).serve_also(
        site.of_vdcs(no_url, api_url="opennebula:2633"),
        site.of_vdcs(no_mode, resource_type="vdcs"),
        site.of_vdcs(stranger, credentials="oneadmin:very-secret"),
    )

    agent.works("order_process", lambda: ended(right, orders[2]))

    done(right)
    log = agent.log.read_text()
    assert "backend_settings.templat_id is not known and is ignored. Did you mean template_id?" in log
    assert "backend_settings.api_url: 'opennebula:2633' is no URL. Write for example" in log
    assert "backend_settings.resource_type: 'vdcs' is not known. Write vdc or vm." in log
    assert "credentials: " in refusal(orders[2])
    assert "very-secret" not in log + refusal(orders[2])
    made = site.cloud.leftovers(before)
    assert [vdc["name"] for vdc in made["vdcs"]] == ["right"]
    assert not ended(orders[0])  # who repairs the settings has the order done
