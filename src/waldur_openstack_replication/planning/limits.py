"""Limits and quotas of the destination, from those of the source (seed: Quota and Limit Handling)."""

from collections.abc import Collection, Mapping

from waldur_core.quotas.models import UNLIMITED
from waldur_mastermind.marketplace_openstack.limits import component_named
from waldur_openstack.quotas import DEFAULTS, MIB_PER_GIB, TYPE_PREFIX

COMPONENT_QUOTAS = {"cores": "vcpu", "ram": "ram", "storage": "storage"}
# what the seed copies from the source, and the counts without which a larger tenant would not fit
COPIED = ("instances", "volumes", "snapshots", "security_group_count", "security_group_rule_count", "network_count",
          "subnet_count", "port_count", "floating_ip_count")  # fmt: skip

Limits = dict[str, int]


def mapped_limits(limits: Mapping[str, int | None], types: Mapping[str, str], components: Collection[str]) -> Limits:
    """The limits of the new resource. `types`: {source type: destination type}; those that end equal are summed.

    Where the destination sells storage as a whole, the sizes of all types are added up (GiB to MiB).
    """
    kept: Limits = {}
    for name, value in limits.items():
        if value is None or (name.startswith(TYPE_PREFIX) and not value):
            continue
        key = renamed(name, types)
        kept[key] = kept.get(key, 0) + int(value)
    by_type = {name: value for name, value in kept.items() if name.startswith(TYPE_PREFIX)}
    if by_type and "storage" in components and not by_type.keys() & set(components):
        kept = {name: value for name, value in kept.items() if name not in by_type}
        kept["storage"] = sum(by_type.values()) * MIB_PER_GIB
    return kept


def by_types(limits: Mapping[str, int | None], types: Mapping[str, str]) -> dict[str, int | None]:
    """Limits of the components of volume types (`types`: {component: type}, MiB) as `gigabytes_<type>` (GiB)."""
    told = {name: value for name, value in limits.items() if name not in types}
    return told | {
        f"{TYPE_PREFIX}{types[name]}": (limits[name] or 0) // MIB_PER_GIB for name in limits if name in types
    }


def sold(limits: Mapping[str, int]) -> Limits:
    """The other way round: as the components of an offering."""
    told: Limits = {}
    for name, value in limits.items():
        key, unit = component_named(name)
        told[key] = value * unit
    return told


def renamed(name: str, types: Mapping[str, str]) -> str:
    """A limit or quota of a volume type, under the name of the type it becomes."""
    if not name.startswith(TYPE_PREFIX):
        return name
    own = name.removeprefix(TYPE_PREFIX)
    return f"{TYPE_PREFIX}{types.get(own, own)}"


def mapped_quotas(
    limits: Limits, source: Mapping[str, int], types: Mapping[str, str], known_types: Collection[str]
) -> Limits:
    """The quotas of the new tenant. `source`: the limits of the old one's quotas."""
    quotas = {**DEFAULTS, **{quota: limits[name] for name, quota in COMPONENT_QUOTAS.items() if name in limits}}
    quotas |= {name: source[name] for name in COPIED if name in source}
    by_type = {name: value for name, value in limits.items() if name.startswith(TYPE_PREFIX)}
    if by_type:  # sold by type: what is not sold is not to be had
        quotas["storage"] = sum(by_type.values()) * MIB_PER_GIB
        return quotas | {f"{TYPE_PREFIX}{name}": by_type.get(f"{TYPE_PREFIX}{name}", 0) for name in known_types}
    return quotas | summed_by_type(source, types, known_types)


def summed_by_type(source: Mapping[str, int], types: Mapping[str, str], known: Collection[str]) -> Limits:
    """The quotas per volume type, with equal ones added up; unlimited and something is unlimited."""
    sums: Limits = {}
    for name, value in source.items():
        key = renamed(name, types)
        if not name.startswith(TYPE_PREFIX) or key.removeprefix(TYPE_PREFIX) not in known:
            continue
        unlimited = UNLIMITED in (value, sums.get(key, 0))
        sums[key] = UNLIMITED if unlimited else sums.get(key, 0) + value
    return sums


def unknown_types(limits: Mapping[str, int], known: Collection[str]) -> list[str]:
    names = (name.removeprefix(TYPE_PREFIX) for name in limits if name.startswith(TYPE_PREFIX))
    return sorted(set(names) - set(known))


def enough(quotas: Limits, needed: Mapping[str, int]) -> tuple[Limits, list[str]]:
    """The quotas, raised where what is to be made would not fit; and a sentence for each that was raised."""
    raised = {name: count for name, count in needed.items() if 0 <= quotas.get(name, UNLIMITED) < count}
    notes = [f"The quota {name} is raised from {quotas[name]} to {count}, so that all fits." for name, count in
             sorted(raised.items())]  # fmt: skip
    return {**quotas, **raised}, notes
