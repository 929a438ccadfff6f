"""Offerings of machines that serve a language model: from the plugin's sample to what the customer reads."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.factories import client_of, grant
from tests.marketplace.stage import post
from tests.opennebula.looks import connect, done, ended, served, shown
from tests.opennebula.stage import OpenNebulaStage, Site
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace.models import Offering, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

SAMPLE = Path(__file__).parents[2] / "plugins/opennebula/examples/vllm-inference-offering.yaml"
IMPORT = "/api/marketplace-provider-offerings/import_offering/"


def import_sample(stage: OpenNebulaStage, **options: Any) -> Offering:
    """As its first lines say; ``options`` are the ids that are to be adjusted."""
    document = yaml.safe_load(SAMPLE.read_text())
    document["plugin_options"] |= options
    document["plans"][0]["quotas"] = {"vcpu": 1, "vm_ram": 1, "vm_disk": 5}  # the simulated hosts are small
    body = {"customer": stage.provider.uuid.hex, "category": "Machines", "offering_data": document}
    answer = client_of(stage.provider_owner).post(IMPORT, body)
    assert answer.status_code == 200, answer.json()
    offering = Offering.objects.get(uuid=answer.json()["imported_offering_uuid"])
    assert post(stage.staff, offering, "activate").status_code == 200
    grant(stage.agent, RoleName.OFFERING_MANAGER, offering)
    return offering


def test_the_sample_serves_a_model_and_says_how_to_begin(stage: OpenNebulaStage, site: Site) -> None:
    one = connect(site)
    engine = one.image.allocate('NAME="vllm" TYPE="OS" PATH="/var/tmp/vllm.qcow2"', 1, False)
    model = one.image.allocate('NAME="qwen2.5-7b" TYPE="DATABLOCK" SIZE="64"', 1, False)
    served(site.of_vdcs(), stage.order_vdc("My VDC 1"))
    offering = import_sample(stage, engine_image_id=engine)
    assert offering.plugin_options["expose_inference_playground"] is True
    wish = {"name": "My model", "model": "qwen2.5-7b", "ONEAPP_VLLM_API_PORT": 9000}
    order = stage.placed(stage.owner, offering, plan=plan_link(offering, "Small model"), attributes=wish)

    site.agent(offering, resource_type="vm").works("order_process", lambda: ended(order))

    resource = done(order)
    vm = one.vm.info(int(resource.backend_metadata["vm_id"]))
    address = f"http://{resource.backend_metadata['ip_address']}:9000"
    assert vm.GNAME == "my-vdc-1"
    assert [disk["IMAGE_ID"] for disk in vm.TEMPLATE["DISK"]] == [str(engine), str(model)]
    assert vm.TEMPLATE["CONTEXT"]["ONEAPP_VLLM_API_PORT"] == "9000"
    told = shown(stage.owner, resource)
    assert {each["name"]: each["url"] for each in told["endpoints"]} == {
        "vLLM API (OpenAI-compatible)": f"{address}/v1",
        "Chat playground": address,
    }
    assert told["getting_started"] == (
        f"The model qwen2.5-7b of My model answers at {address}\n\n"
        f"    curl {address}/v1/models\n\n"
        f"Chat in the browser: {address}"
    )

    agent = site.agent(offering, resource_type="vm")
    end = stage.terminate(resource)
    agent.works("order_process", lambda: ended(end))
    served(agent, stage.restore(done(end)))
    agent.works("membership_sync", lambda: shown(stage.owner, resource)["endpoints"])
    again = f"http://{shown(stage.owner, resource)['backend_metadata']['ip_address']}:9000"
    assert [each["url"] for each in shown(stage.owner, resource)["endpoints"]] == [f"{again}/v1", again]

    def last_sync() -> object:
        return Resource.objects.get(pk=resource.pk).last_sync

    told_at = last_sync()
    agent.works("membership_sync", lambda: last_sync() != told_at)
    assert agent.log.read_text().count("is told where My model is reached now") == 1


def plan_link(offering: Offering, name: str) -> str:
    return f"http://testserver/api/marketplace-plans/{offering.plans.get(name=name).uuid.hex}/"
