"""What the published client can ask of OpenStack: found by walking its package, nothing is listed by hand."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, get_args, get_type_hints

from waldur_api_client import api as client_api

PREFIX = "openstack_"
# Sections that the product does not have, and why.
ABSENT = {
    "openstack_loadbalancers": "load balancing",
    "openstack_listeners": "load balancing",
    "openstack_pools": "load balancing",
    "openstack_pool_members": "load balancing",
    "openstack_health_monitors": "load balancing",
    "openstack_hypervisors": "the provider's hardware",
    "openstack_hypervisor_inventories": "the provider's hardware",
    "openstack_discovery": "a wizard of the web interface",
}


@dataclass(frozen=True)
class Function:
    """One function of the client: `openstack_volumes`, `extend`."""

    section: str
    action: str

    @property
    def name(self) -> str:
        return f"{self.section}_{self.action}"

    @property
    def kind(self) -> str:
        """`volumes`: the name of the module of its scenarios."""
        return self.section.removeprefix(PREFIX)

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(f"{client_api.__name__}.{self.section}.{self.name}")

    @property
    def parameters(self) -> dict[str, Any]:
        """{name: type}, without the client; optional ones are unions with Unset."""
        hints = get_type_hints(self.module.sync_detailed)
        names = inspect.signature(self.module.sync_detailed).parameters
        return {name: hints[name] for name in names if name != "client"}

    @property
    def answer(self) -> Any:
        """The client's model of what it reads; of a list, that of a row."""
        kind = get_type_hints(self.module.sync_detailed)["return"]
        (inner,) = get_args(kind)
        return (get_args(inner) or (inner,))[0]

    def body(self, content: Any) -> Any:
        """The client's model of a body, from plain data."""
        kind = self.parameters["body"]
        if isinstance(content, list):
            return [get_args(kind)[0].from_dict(item) for item in content]
        return kind.from_dict(content)

    def __str__(self) -> str:
        return self.name


def functions() -> Iterator[Function]:
    for section in pkgutil.iter_modules(client_api.__path__):
        if not section.name.startswith(PREFIX) or section.name in ABSENT:
            continue
        package = importlib.import_module(f"{client_api.__name__}.{section.name}")
        for module in pkgutil.iter_modules(package.__path__):
            yield Function(section.name, module.name.removeprefix(f"{section.name}_"))


FUNCTIONS = tuple(functions())
BY_NAME = {function.name: function for function in FUNCTIONS}
