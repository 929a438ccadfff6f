"""Machines that serve a language model with vLLM: engine, image of the model, parameters of the appliance."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import BadInput
from .markup import Thing
from .pools import Pools

PREFIX = "ONEAPP_VLLM_"
DEFAULT_PORT = 8000
USABLE, USED_BY_ONE = ("1", "2"), "8"  # READY and USED; USED_PERS


def _yes_or_no(text: str) -> bool:
    return text in ("YES", "NO")


def _fraction(text: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text) is not None and 0 < float(text) <= 1


def _port(text: str) -> bool:
    return _count(text) and int(text) < 65536


def _count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None and int(text) > 0


PARAMETERS: dict[str, tuple[Callable[[str], bool], str]] = {
    f"{PREFIX}API_PORT": (_port, "a port between 1 and 65535"),
    f"{PREFIX}API_WEB": (_yes_or_no, "YES or NO"),
    f"{PREFIX}MODEL_QUANTIZATION": (lambda text: text in ("0", "4"), "0 or 4"),
    f"{PREFIX}MODEL_MAX_LENGTH": (_count, "a number of tokens"),
    f"{PREFIX}ENFORCE_EAGER": (_yes_or_no, "YES or NO"),
    f"{PREFIX}SLEEP_MODE": (_yes_or_no, "YES or NO"),
    f"{PREFIX}GPU_MEMORY_UTILIZATION": (_fraction, "a fraction above 0 and at most 1"),
}


@dataclass(frozen=True)
class Inference:
    model: str
    image_id: int
    context: dict[str, str]

    @property
    def port(self) -> int:
        return int(self.context[f"{PREFIX}API_PORT"])


def read_inference(attributes: Mapping[str, Any], pools: Pools) -> Inference | None:
    """None for an order without a model: it is for a plain machine."""
    model = attributes.get("model")
    if model in (None, ""):
        return None
    context = {f"{PREFIX}API_PORT": str(DEFAULT_PORT)}
    for name, value in attributes.items():
        if name.startswith(PREFIX) and value not in (None, ""):
            context[name] = _checked(name, value)
    return Inference(str(model), find_image(str(model), pools), context)


def _checked(name: str, value: Any) -> str:
    if name not in PARAMETERS:
        raise BadInput(name, f"the engine has no such parameter. Known: {', '.join(PARAMETERS)}.")
    fits, wanted = PARAMETERS[name]
    text = {True: "YES", False: "NO"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    text = text.upper() if text.lower() in ("yes", "no") else text
    if not fits(text):
        raise BadInput(name, f"{value!r} does not fit. Give {wanted}.")
    return text


def find_image(model: str, pools: Pools) -> int:
    """The provider's image of the model by name or id; it has to be usable. A tenant may name his as he likes."""
    named = [image for image in pools.all("images") if model in (image.name, str(image.id))]
    images = [image for image in named if pools.is_provided(image)]
    if not images:
        raise BadInput("model", f"OpenNebula has no image {model}. Register the model as an image first.")
    usable = [image for image in images if image.text("STATE") in USABLE]
    if not usable:
        raise _not_usable("model", images[0])
    return usable[0].id


def check_engine(image_id: int, pools: Pools) -> int:
    """The id of a disk for the engine; it has to be usable, too."""
    key = "engine_image_id"
    image = pools.get("images", image_id)
    if image is None:
        raise BadInput(key, f"OpenNebula has no image {image_id}. Leave it out to use the disk of the template.")
    if image.text("STATE") not in USABLE:
        raise _not_usable(key, image)
    return image_id


def _not_usable(key: str, image: Thing) -> BadInput:
    name = f"image {image.name} (id {image.id})"
    if image.text("STATE") == USED_BY_ONE:
        return BadInput(key, f"{name} is persistent and in use. Make it non-persistent, so that many can use it.")
    return BadInput(key, f"{name} is not READY. Wait for it or repair it.")


def addresses(ip: str, inference_port: int) -> dict[str, str]:
    """Where the engine answers."""
    base = f"http://{ip}:{inference_port}"
    return {"endpoint": base, "web_ui": base}
