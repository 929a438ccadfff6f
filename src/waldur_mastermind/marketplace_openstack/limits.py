"""Limits of components and quotas of tenants, one told in words of the other (states-and-flows §9.1).

No other place knows how `volume_type_ssd` (a component, MiB), `gigabytes_ssd` (a quota, and the public client's word,
GiB) and `storage` hang together.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError

from waldur_core.quotas.models import UNLIMITED
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace.plugins import BuiltinComponent
from waldur_openstack.models import VolumeType
from waldur_openstack.quotas import MIB_PER_GIB, TYPE_PREFIX

MOST = 2**31 - 1  # clouds keep quotas in 32 bits
CORES = BuiltinComponent("cores", "CPU cores", "cores", min_value=1, max_value=MOST, default_limit=20)
RAM = BuiltinComponent("ram", "RAM", "GB", MIB_PER_GIB, min_value=256, max_value=MOST, default_limit=51200)
STORAGE = BuiltinComponent(
    "storage", "Storage", "GB", MIB_PER_GIB, min_value=MIB_PER_GIB, max_value=MOST, default_limit=1048576
)
QUOTAS = {"cores": "vcpu", "ram": "ram", "storage": "storage"}
TYPE_COMPONENT = "volume_type_"
LONGEST = 150  # names of components

FIXED, DYNAMIC = "fixed", "dynamic"
MODES = (FIXED, DYNAMIC)


def mode_of(offering: Offering) -> str:
    """How a tenant offering sells storage: as a whole, or by volume types."""
    return str(offering.plugin_options.get("storage_mode") or FIXED)


def component_named(word: str) -> tuple[str, int]:
    """The component that a word means, and how many of its units are one of the word's."""
    if word.startswith(TYPE_PREFIX):
        return component_of(word.removeprefix(TYPE_PREFIX)), MIB_PER_GIB
    return word, 1


def component_of(type_name: str) -> str:
    """`volume_type_<name>`; a name that is too long ends in a part of its digest."""
    name = f"{TYPE_COMPONENT}{type_name}"
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}-{hashlib.sha256(type_name.encode()).hexdigest()[:8]}"


def types_of(service: ServiceSettings | None) -> dict[str, str]:
    """{component: volume type} of all types of a cloud, also of those that are not sold."""
    names = VolumeType.objects.filter(settings=service).values_list("name", flat=True) if service else ()
    return {component_of(name): name for name in sorted(set(names))}


def builtin_components(offering: Offering) -> tuple[BuiltinComponent, ...]:
    """What a tenant offering sells: storage as a whole, or by those volume types that its provider does not hide."""
    if mode_of(offering) == FIXED:
        return (CORES, RAM, STORAGE)
    return (CORES, RAM, *type_components(offering.scope))


def type_components(service: ServiceSettings | None, **changes: Any) -> list[BuiltinComponent]:
    found = VolumeType.objects.filter(VolumeType.offered(), settings=service) if service else VolumeType.objects.none()
    by_name = {item.name: item for item in found}
    columns = {"min_value": 0, "max_value": MOST, "default_limit": 0, **changes}
    return [
        BuiltinComponent(
            component_of(name),
            f"Storage ({name})"[:LONGEST],
            "GB",
            MIB_PER_GIB,
            description=item.description,
            **columns,
        )
        for name, item in sorted(by_name.items())
    ]


def quotas(limits: Mapping[str, int], offering: Offering) -> dict[str, int]:
    """The quotas that limits come to. ValidationError when a mandatory one is missing or storage is told twice.

    By volume types: each type that is not named gets nothing, and storage is the sum of all.
    """
    if problem := _problem(limits, dynamic=mode_of(offering) == DYNAMIC):
        raise ValidationError({"limits": [problem]})
    return quotas_to_push(limits, offering, switched=False)


def _problem(limits: Mapping[str, int], *, dynamic: bool) -> str:
    by_type = {name: limit for name, limit in limits.items() if name.startswith(TYPE_COMPONENT)}
    if dynamic and "storage" in limits:
        return "This offering sells storage by volume types: give limits of these instead of one of storage."
    if not dynamic and by_type:
        return "This offering sells storage as a whole: give a limit of storage instead of limits of volume types."
    missing = [name for name in QUOTAS if name not in limits and not (dynamic and name == "storage")]
    if missing:
        return f"These limits are mandatory: {', '.join(missing)}."
    if dynamic and max(by_type.values(), default=0) < MIB_PER_GIB:
        return "Give at least one volume type a limit of 1024 MiB or more."
    return ""


def quotas_to_push(limits: Mapping[str, int], offering: Offering, *, switched: bool) -> dict[str, int]:
    """The same for limits that are settled. A tenant whose offering has `switched` to selling storage as a whole is rid
    of the limits of volume types; one that uses no storage at all has none."""
    types = types_of(offering.scope)
    nothing = {f"{TYPE_PREFIX}{name}": 0 for name in types.values()}
    unlimited = dict.fromkeys(nothing, UNLIMITED) if switched else {}
    whole = {quota: int(limits[name]) for name, quota in QUOTAS.items() if name in limits}
    if mode_of(offering) == FIXED:
        return {**unlimited, **whole}
    by_type = {f"{TYPE_PREFIX}{types[name]}": limits[name] // MIB_PER_GIB for name in limits if name in types}
    return {**whole, "storage": sum(by_type.values()) * MIB_PER_GIB, **nothing, **by_type}


def limits(quotas: Mapping[str, int], offering: Offering) -> dict[str, int]:
    """The limits that quotas (or usages) come to, of the components that the offering has now. What has no limit in
    the cloud has none that could be sold: it is left out."""
    types, found = types_of(offering.scope), {}
    for component in builtin_components(offering):
        name = component.type
        quota, unit = (QUOTAS[name], 1) if name in QUOTAS else (f"{TYPE_PREFIX}{types[name]}", MIB_PER_GIB)
        if quotas.get(quota, UNLIMITED) != UNLIMITED:
            found[name] = quotas[quota] * unit
    return found
