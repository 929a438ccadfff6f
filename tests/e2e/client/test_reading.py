"""Lists with every parameter that the client offers, and every field of what is read."""

import inspect
from enum import Enum
from typing import Any, get_args

import attrs
import pytest

from tests.e2e.client.filters import WITHOUT_EFFECT, filter_of
from tests.e2e.client.functions import BY_NAME, FUNCTIONS, Function
from tests.e2e.client.scenarios import SECTIONS
from tests.e2e.client.scenarios.base import Scenarios
from tests.e2e.client.stage import Row, Stage

pytestmark = pytest.mark.slow

LISTS = [function for function in FUNCTIONS if function.action == "list"]
SHAPE = {"uuid", "page", "page_size", "field", "o", "can_manage"}  # parameters that have tests of their own
FILTERED = [
    pytest.param(function, parameter, id=f"{function.kind}-{parameter}")
    for function in LISTS
    for parameter in function.parameters
    if parameter not in SHAPE
]
# Left out when there is nothing to tell: the client cannot read a null there (spec §0).
MAY_BE_ABSENT = {"server_group", "instance_marketplace_uuid"}


def scenarios_of(function: Function, stage: Stage) -> Scenarios:
    return SECTIONS[function.section](stage)


def found(stage: Stage, function: Function, who: str = "owner", **parameters: Any) -> set[Any]:
    """The uuids of a list, which the count of the same parameters must agree with."""
    rows = stage.call(function.name, who=who, page_size=300, **parameters)
    assert stage.call(f"{function.section}_count", who=who, **parameters) == len(rows)
    return {row.uuid for row in rows}


@pytest.mark.parametrize(("function", "parameter"), FILTERED)
def test_a_list_is_filtered(stage: Stage, function: Function, parameter: str) -> None:
    row: Row = scenarios_of(function, stage).standing()
    if parameter == WITHOUT_EFFECT and function.kind != "instances":
        assert row.uuid in found(stage, function, **{parameter: "203.0.113.99"})
        return
    wanted = filter_of(function.kind, parameter)
    assert wanted, f"Say in tests/e2e/client/filters.py which value of {parameter!r} finds one of the {function.kind}."
    if wanted.subject:
        row = wanted.subject(stage, row)
    if wanted.finds:
        value = wanted.finds(stage, row)
        assert value not in (None, "", []), f"{row} has nothing that {parameter!r} finds."
        assert row.uuid in found(stage, function, **{parameter: typed(function, parameter, value)})
    if (other := wanted.missing(stage, row)) is not None:
        assert row.uuid not in found(stage, function, **{parameter: typed(function, parameter, other)})


def typed(function: Function, parameter: str, value: Any) -> Any:
    """The value as the client's function takes it: enums where it has enums."""
    for kind in get_args(function.parameters[parameter]):
        item = (get_args(kind) or (kind,))[0]
        if inspect.isclass(item) and issubclass(item, Enum):
            return [item(one) for one in value] if isinstance(value, list) else item(value)
    return value


def choices(function: Function, parameter: str) -> list[Any]:
    for kind in get_args(function.parameters[parameter]):
        item = (get_args(kind) or (kind,))[0]
        if inspect.isclass(item) and issubclass(item, Enum):
            return list(item)
    raise AssertionError(f"{parameter!r} of {function} is not a choice.")


@pytest.mark.parametrize("function", [f for f in LISTS if "can_manage" in f.parameters], ids=str)
def test_who_can_manage(stage: Stage, function: Function) -> None:
    row = scenarios_of(function, stage).standing()
    assert row.uuid in found(stage, function, can_manage=True)
    assert row.uuid not in found(stage, function, "member", can_manage=True)
    assert row.uuid in found(stage, function, "member", can_manage=False)


@pytest.mark.parametrize("function", [f for f in LISTS if "state" in f.parameters], ids=str)
def test_states_are_asked_for_in_historic_words_too(stage: Stage, function: Function) -> None:
    http, path = stage.client("owner").get_httpx_client(), f"/api/{function.section.replace('_', '-')}/"
    assert http.get(path, params={"state": ["OK", "Update Scheduled"]}).json()
    assert http.get(path, params={"state": ["Creation Scheduled", "Erred"]}).json() == []


@pytest.mark.parametrize("function", [f for f in LISTS if "o" in f.parameters], ids=str)
def test_lists_are_ordered_both_ways(stage: Stage, function: Function) -> None:
    several = get_args(get_args(function.parameters["o"])[1])
    for key in (key for key in choices(function, "o") if not key.value.startswith("-")):
        back = next(other for other in choices(function, "o") if other.value == f"-{key.value}")
        up, down = (
            [row.get(key.value) for row in stage.raw(function.name, o=[way] if several else way, page_size=300)]
            for way in (key, back)
        )
        assert up == down[::-1], key


@pytest.mark.parametrize("function", LISTS, ids=str)
def test_every_field_of_the_clients_model_is_there(stage: Stage, function: Function) -> None:
    row = scenarios_of(function, stage).standing()
    whole = stage.raw(f"{function.section}_retrieve", row, who="staff")
    known = {field.name.removesuffix("_") for field in attrs.fields(function.answer)} - {"additional_properties"}
    assert known - set(whole) - MAY_BE_ABSENT == set()


@pytest.mark.parametrize("function", [f for f in LISTS if "field" in f.parameters], ids=str)
def test_a_field_comes_alone_when_asked_for(stage: Stage, function: Function) -> None:
    row = scenarios_of(function, stage).standing()
    whole = stage.raw(f"{function.section}_retrieve", row, who="staff")
    for field in choices(function, "field"):
        (alone, *_) = stage.raw(function.name, field=[field], who="staff")
        if field.value in whole:
            assert set(alone) <= {field.value}, field


@pytest.mark.parametrize("function", LISTS, ids=str)
def test_pages(stage: Stage, function: Function) -> None:
    everything = stage.raw(function.name, page_size=300)
    assert stage.raw(function.name, page_size=1, page=len(everything))[0]["uuid"] == everything[-1]["uuid"]
    assert len(BY_NAME[function.name].module.sync_all(client=stage.client("owner"))) == len(everything)
