"""Between the marketplace's units and OpenNebula's: backend value = marketplace value * unit_factor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Components = Mapping[str, Mapping[str, Any]]


def factor(components: Components, name: str) -> float:
    return float(components.get(name, {}).get("unit_factor") or 1)


def to_backend(components: Components, amounts: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) * factor(components, name) for name, value in amounts.items() if value is not None}


def to_marketplace(components: Components, amounts: Mapping[str, float]) -> dict[str, float]:
    """Whole numbers stay whole."""
    return {name: _tidy(value / factor(components, name)) for name, value in amounts.items() if name in components}


def usage(components: Components, amounts: Mapping[str, float]) -> dict[str, float]:
    """As :func:`to_marketplace`, with the factor of reports where a component has one."""
    found = {}
    for name, value in amounts.items():
        if name in components:
            found[name] = _tidy(
                value / float(components[name].get("unit_factor_reporting") or factor(components, name))
            )
    return found


def from_offering(components: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Components as the marketplace describes them, in the form that the agent's configuration has."""
    return {
        str(each.type_): {
            "unit_factor": float(each.unit_factor or 1),
            "measured_unit": each.measured_unit or "",
            "accounting_type": "limit",
            "label": each.name or str(each.type_),
        }
        for each in components
    }


def note(components: Components) -> str:
    """The factors as a text, to be kept with what was made: an agent that has just started knows none."""
    return " ".join(f"{name}={factor(components, name):g}" for name in sorted(components))


def read_note(text: str) -> dict[str, dict[str, Any]]:
    pairs = (each.partition("=") for each in text.split())
    return {name: {"unit_factor": float(value)} for name, _, value in pairs}


def _tidy(value: float) -> float:
    return int(value) if value == int(value) else round(value, 2)
