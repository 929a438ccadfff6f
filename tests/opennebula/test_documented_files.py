"""The YAML of the plugin's documentation, word for word: agents, components, plugin options, options of orders."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.factories import grant
from tests.marketplace_site_agent.running import Agent
from tests.marketplace_site_agent.stage import ACCOUNTS, AgentStage
from tests.opennebula.looks import connect, credentials_of, done, ended, served, vm_quota
from tests.opennebula.stage import OpenNebulaStage, Site
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace.models import Offering, Order

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

SEED = Path(__file__).parent / "seed"
MODES = ("order_processing_backend", "membership_sync_backend", "reporting_backend")
OUTSIDE = 'NAME="outside {}" VN_MAD="bridge" BRIDGE="br{}" AR=[TYPE="IP4",IP="192.0.2.{}0",SIZE="9"]'
ROUTER = (
    'NAME="vnf {}" CPU="1" MEMORY="512" VROUTER="YES" DISK=[IMAGE_ID="1"] CONTEXT=[NETWORK="YES"] HYPERVISOR="dummy"'
)


def read(name: str) -> Any:
    return yaml.safe_load((SEED / f"{name}.yaml").read_text())


def offer(stage: AgentStage, name: str, components: str, plan: dict[str, Any], **options: Any) -> Offering:
    """What the provider enters in the marketplace."""
    given = read(components)["components"].items()
    described = [
        {
            "type": kind,
            "name": kind,
            "billing_type": each["accounting_type"],
            **{key: each[key] for key in ("measured_unit", "unit_factor") if key in each},
        }
        for kind, each in given
    ]
    asked = read("order-options")["options"]["order"]
    form = {"order": [each["key"] for each in asked], "options": {each["key"]: each for each in asked}}
    offering = stage.make_agent_offering(
        name, described, [{"name": "Plan", **plan}], plugin_options={**ACCOUNTS, **options}, options=form
    )
    grant(stage.agent, RoleName.OFFERING_MANAGER, offering)
    return offering


def agent_of(site: Site, offering: Offering, file: str) -> Agent:
    """The documented file. Only hosts and accounts are this test's, and the modes, which the agent leaves off."""
    agent = site.agent(offering)
    [documented] = read(file)["offerings"]
    settings = {**documented["backend_settings"], "api_url": site.twin.endpoint, "credentials": site.twin.session}
    marketplace = {
        "waldur_api_url": f"{site.url}/api/",
        "waldur_api_token": site.stage.token,
        "waldur_offering_uuid": offering.uuid.hex,
    }
    modes = dict.fromkeys(MODES, "opennebula")
    config = {"offerings": [{**documented, **marketplace, **modes, "backend_settings": settings}]}
    agent.config.write_text(yaml.safe_dump(config))
    return agent


def build_site(site: Site) -> None:
    """What the documented ids stand for: cluster 100, network 10, template 8."""
    one = connect(site)
    assert one.cluster.allocate("second") == 100
    last = -1
    while last < 10:
        last = one.vn.allocate(OUTSIDE.format(last, last + 1, last + 2), 0)
    one.cluster.addvnet(100, 10)
    while last != 8:
        last = one.template.allocate(ROUTER.format(last))


def test_they_make_a_vdc_and_a_machine(stage: OpenNebulaStage, site: Site) -> None:
    build_site(site)
    vdcs = offer(stage, "Documented VDC", "vdc-components", {}, **read("plugin-options")["plugin_options"])
    vms = offer(stage, "Documented VM", "vm-components", {"quotas": {"vcpu": 1, "vm_ram": 512, "vm_disk": 5120}})
    limits = {"cpu": 4, "ram": 8192, "storage": 20480, "floating_ip": 1}
    wish = {"name": "My VDC 1", "subnet_cidr": "192.168.50.0/24"}
    order = stage.placed(stage.owner, vdcs, limits=limits, attributes=wish)
    agent = agent_of(site, vdcs, "vdc-offering")

    vdc = served(agent, order)
    assert vdc.backend_id == "my-vdc-1"
    assert vdc.backend_metadata["subnet_cidr"] == "192.168.50.0/24"
    quota = vm_quota(site, "my-vdc-1")
    assert (quota.CPU, quota.MEMORY, quota.SYSTEM_DISK_SIZE) == (4, 8192, 20480)
    assert connect(site, credentials_of(vdc)).user.info(-1).NAME == "my-vdc-1_admin"

    machine = stage.placed(stage.owner, vms, attributes={"name": "web", "ssh_public_key": "ssh-ed25519 AAAA anna"})
    of_vms = agent_of(site, vms, "vm-offering")
    of_vms.works("order_process", lambda: ended(machine))

    vm = connect(site).vm.info(int(done(machine).backend_metadata["vm_id"]))
    assert (vm.GNAME, vm.TEMPLATE["MEMORY"], vm.TEMPLATE["DISK"]["SIZE"]) == ("my-vdc-1", "512", "5120")
    for log in (agent.log, of_vms.log):
        assert "is not known" not in log.read_text()
        assert "validation" not in log.read_text().lower()
    assert Order.objects.filter(state="done").count() == 2
