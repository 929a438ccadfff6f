"""Machines that serve a language model: the engine's disk, the model's, the parameters, and where it answers."""

from __future__ import annotations

from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import BadInput, CloudError
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import order
from .machine import machine, wanted
from .tenant import TEMPLATE, as_user

MODEL = {"model": "llama", "ONEAPP_VLLM_API_PORT": "9000", "ONEAPP_VLLM_API_WEB": "YES"}


@pytest.fixture
def image(cloud: Cloud, offering: VmOffering) -> int:
    image = cloud.daemon.once("image.allocate", 'NAME="llama" TYPE="DATABLOCK" SIZE="2048"', 1, False)
    cloud.pools.forget()
    return int(image)


def test_the_model_is_a_disk_and_its_parameters_are_context(cloud: Cloud, offering: VmOffering, image: int) -> None:
    metadata = offering.create(wanted(attributes=MODEL))

    vm = machine(cloud)
    assert [disk.text("IMAGE") for disk in vm.all("TEMPLATE/DISK")] == ["alpine", "llama"]
    context = vm.vector("TEMPLATE/CONTEXT")
    assert (context["ONEAPP_VLLM_API_PORT"], context["ONEAPP_VLLM_API_WEB"]) == ("9000", "YES")
    assert {name: metadata[name] for name in ("endpoint", "web_ui", "model")} == {
        "endpoint": "http://10.0.0.2:9000",
        "web_ui": "http://10.0.0.2:9000",
        "model": "llama",
    }
    assert offering.metadata("web") == metadata
    assert offering.limits("web")["vm_disk"] == 5120  # without the model


def test_the_engines_image_may_be_given(cloud: Cloud, offering: VmOffering, image: int) -> None:
    offering.create(wanted(attributes={"model": str(image)}, options={"engine_image_id": 1}))

    assert [disk.text("IMAGE") for disk in machine(cloud).all("TEMPLATE/DISK")] == ["service-vnf", "llama"]


def test_a_model_that_is_not_ready_is_named(offering: VmOffering, inspect: OpenNebulaTwinClient, cloud: Cloud) -> None:
    inspect.set_latency({"image.create": 60.0})
    cloud.daemon.once("image.allocate", 'NAME="slow" TYPE="DATABLOCK" SIZE="2048"', 1, False)
    with pytest.raises(BadInput, match=r"model: image slow .* is not READY"):
        offering.create(wanted(attributes={"model": "slow"}))


@pytest.mark.parametrize(
    ("name", "value", "context"),
    [
        ("API_PORT", 8001, "8001"),
        ("API_WEB", False, "NO"),
        ("API_WEB", "yes", "YES"),
        ("MODEL_QUANTIZATION", 0, "0"),
        ("MODEL_QUANTIZATION", "4", "4"),
        ("MODEL_MAX_LENGTH", 8192, "8192"),
        ("ENFORCE_EAGER", True, "YES"),
        ("SLEEP_MODE", "NO", "NO"),
        ("GPU_MEMORY_UTILIZATION", 0.9, "0.9"),
        ("GPU_MEMORY_UTILIZATION", 1, "1"),
        ("GPU_MEMORY_UTILIZATION", ".5", ".5"),
    ],
)
def test_a_parameter_reaches_the_engine(
    cloud: Cloud, offering: VmOffering, image: int, name: str, value: Any, context: str
) -> None:
    offering.create(wanted(attributes={"model": "llama", f"ONEAPP_VLLM_{name}": value}))

    assert machine(cloud).vector("TEMPLATE/CONTEXT")[f"ONEAPP_VLLM_{name}"] == context


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("API_PORT", value) for value in ("x", 0, 65536, "8000.5", "²", "-1", True)),
        *(("API_WEB", value) for value in ("maybe", 1)),
        *(("MODEL_QUANTIZATION", value) for value in (8, "4bit")),
        *(("MODEL_MAX_LENGTH", value) for value in (0, -5, "long", "²", 10**12)),
        *(("GPU_MEMORY_UTILIZATION", value) for value in (0, 1.1, "nan", ".", "1..0", "-0.5", "90%")),
        ("ENFORCE_EAGER", "TRUE"),
        ("SLEEP_MODE", ["YES"]),
        ("X", "1"),
    ],
)
def test_a_parameter_that_the_engine_would_not_take_is_named(
    offering: VmOffering, image: int, inspect: OpenNebulaTwinClient, name: str, value: Any
) -> None:
    before = inspect.objects()

    with pytest.raises(BadInput, match=f"ONEAPP_VLLM_{name}: "):
        offering.create(wanted(attributes={"model": "llama", f"ONEAPP_VLLM_{name}": value}))

    assert inspect.leftovers(before) == {}


def test_without_a_port_it_answers_at_8000(cloud: Cloud, offering: VmOffering, image: int) -> None:
    assert offering.create(wanted(attributes={"model": "llama"}))["endpoint"] == "http://10.0.0.2:8000"
    assert machine(cloud).vector("TEMPLATE/CONTEXT")["ONEAPP_VLLM_API_PORT"] == "8000"


def test_a_plain_machine_gets_no_engines_disk(cloud: Cloud, offering: VmOffering) -> None:
    """An offering may sell both: without a model an order is for a machine."""
    metadata = offering.create(wanted(options={"engine_image_id": 1}))

    assert "endpoint" not in metadata
    assert [disk.text("IMAGE") for disk in machine(cloud).all("TEMPLATE/DISK")] == ["alpine"]


def test_a_tenants_image_is_no_model_of_the_provider(
    cloud: Cloud, twin: OpenNebulaTwin, offering: VmOffering, image: int
) -> None:
    """Neither under a model's name, which others would be served, nor by the number of what is not his who orders."""
    foreign = as_user(twin, cloud).image.allocate('NAME="llama" TYPE="DATABLOCK" SIZE="64"', 1)
    cloud.pools.forget()
    with pytest.raises(BadInput, match="model: OpenNebula has no image"):
        offering.create(wanted(attributes={"model": str(foreign)}))

    offering.create(wanted(attributes={"model": "llama"}))

    assert [disk.text("IMAGE_ID") for disk in machine(cloud).all("TEMPLATE/DISK")] == ["0", str(image)]


def test_several_machines_serve_one_model(offering: VmOffering, image: int) -> None:
    """READY before the first, USED after it."""
    for name in ("one", "two"):
        assert offering.create(wanted(name, attributes={"model": "llama"}))["model"] == "llama"


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [(77, "OpenNebula has no image 77. Leave it out"), ("x", "'x' is no whole number")],
)
def test_an_engine_that_is_not_there_is_named(offering: VmOffering, image: int, engine: Any, sentence: str) -> None:
    with pytest.raises(BadInput, match=f"engine_image_id: {sentence}"):
        offering.create(wanted(attributes={"model": "llama"}, options={"engine_image_id": engine}))


def test_a_persistent_image_in_use_is_named(cloud: Cloud, offering: VmOffering) -> None:
    cloud.daemon.once("image.allocate", 'NAME="own" TYPE="DATABLOCK" SIZE="64" PERSISTENT="YES"', 1, False)
    cloud.pools.forget()
    offering.create(wanted(attributes={"model": "own"}))

    with pytest.raises(BadInput, match=r"model: image own .* is persistent and in use"):
        offering.create(wanted("two", attributes={"model": "own"}))


def test_where_nobody_could_reach_it_no_model_is_served(
    cloud: Cloud, offering: VmOffering, image: int, inspect: OpenNebulaTwinClient
) -> None:
    cloud.vdcs.create(order("bare", network=None))
    before = inspect.objects()

    with pytest.raises(CloudError, match="parent_vdc_backend_id: VDC bare has no network, and template 0 has no NIC"):
        offering.create(wanted(attributes={"model": "llama"}, options={"parent_vdc_backend_id": "bare"}))

    assert inspect.leftovers(before) == {}
    cloud.daemon.once("template.update", TEMPLATE, 'NIC=[NETWORK_ID="0"]', 1)
    cloud.pools.forget()
    served = offering.create(wanted(attributes={"model": "llama"}, options={"parent_vdc_backend_id": "bare"}))
    assert served["endpoint"] == "http://203.0.113.11:8000"
