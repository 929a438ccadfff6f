"""The table of methods: each module registers its own with their parameters, and gets a :class:`Call`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import NOT_ENOUGH_PARAMETERS, RpcFault
from .state import Obj, State

if TYPE_CHECKING:
    from .cloud import Cloud
    from .releases import Release

TYPES: dict[str, tuple[type, str]] = {
    "string": (str, "a string"),
    "int": (int, "integer"),
    "bool": (bool, "boolean"),
    "array": (list, "an array"),
}


@dataclass(slots=True)
class Call:
    """One authenticated call on its way: whose it is, and by which name it is reported."""

    cloud: Cloud
    user: Obj
    method: str

    @property
    def state(self) -> State:
        return self.cloud.state

    @property
    def release(self) -> Release:
        return self.cloud.release

    @property
    def uid(self) -> int:
        return int(self.user["id"])

    @property
    def gid(self) -> int:
        return int(self.user["gid"])


@dataclass(frozen=True)
class Parameter:
    """``type`` is a key of :data:`TYPES`; without a ``default`` it must be given."""

    type: str
    optional: bool = False
    default: Any = None

    def read(self, value: Any) -> Any:
        expected, words = TYPES[self.type]
        if type(value) is not expected:
            raise RpcFault(NOT_ENOUGH_PARAMETERS, f"Parameter that is supposed to be {words} is not")
        if isinstance(value, list) and not all(type(element) is int for element in value):
            raise RpcFault(NOT_ENOUGH_PARAMETERS, "Parameter that is supposed to be integer is not")
        return value


STRING, INT, BOOL, ARRAY = Parameter("string"), Parameter("int"), Parameter("bool"), Parameter("array")


def optional(type: str, default: Any) -> Parameter:
    return Parameter(type, True, default)


APPEND = optional("int", 0)
NO = optional("bool", False)
TEXT = optional("string", "")

Handler = Callable[..., int | str]  # (call, *parameters) → an id, or a string that is mostly XML


@dataclass(frozen=True)
class Method:
    """``reported`` is the name in front of error messages, which is not always the one that is called."""

    name: str
    parameters: tuple[Parameter, ...]
    handler: Handler
    reported: str

    def read(self, given: tuple[Any, ...]) -> list[Any]:
        """The parameters after the session, checked; surplus ones are ignored as the daemon does."""
        read = []
        for place, parameter in enumerate(self.parameters):
            if place < len(given):
                read.append(parameter.read(given[place]))
            elif parameter.optional:
                read.append(parameter.default)
            else:
                raise RpcFault(NOT_ENOUGH_PARAMETERS, "Not enough parameters")
        return read


METHODS: dict[str, Method] = {}


def method(name: str, *parameters: Parameter, reported: str = "") -> Callable[[Handler], Handler]:
    """Register the handler of ``name``, which takes the call and these parameters."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, parameters, handler, reported or name)
        return handler

    return register
