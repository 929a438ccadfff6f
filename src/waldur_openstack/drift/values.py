"""What an aspect of a row says, as JSON; and when two such values mean the same."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import Model

from waldur_openstack.drift.aspects import Aspect, aspects_of
from waldur_openstack.models import SecurityGroup, SecurityGroupRule
from waldur_openstack.sync.rules import identity, is_automatic, to_backend

RULE_WORDS = ("direction", "ethertype", "protocol", "from_port", "to_port", "cidr", "description")


class Seen(NamedTuple):
    """An aspect of a row as it was, and as the cloud has it."""

    row: Any
    aspect: Aspect
    before: Any
    observed: Any


# comparing ------------------------------------------------------------------------------------------------------------


def same(one: Any, other: Any) -> bool:
    return bool(essence(one) == essence(other))


def essence(value: Any) -> Any:
    """A value without what does not count: the order of lists, the names of what has a uuid, how a rule is spelt."""
    if isinstance(value, list):
        return sorted((essence(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
    if isinstance(value, dict) and "ethertype" in value:
        return list(identity(to_backend(rule_of(value))))
    if isinstance(value, dict):
        return value["uuid"] if "uuid" in value else {key: essence(item) for key, item in value.items()}
    return value


def rule_of(value: Mapping[str, Any]) -> SecurityGroupRule:
    """An unsaved rule; of the group it names only the uuid is known, which stands in for the id."""
    remote = value.get("remote_group")
    group = SecurityGroup(uuid=remote["uuid"], name=remote["name"], backend_id=remote["uuid"]) if remote else None
    return SecurityGroupRule(remote_group=group, **{name: value[name] for name in RULE_WORDS})


# rows -----------------------------------------------------------------------------------------------------------------


def value_of(row: Any, aspect: Aspect) -> Any:
    """What the row, as it is in the database, says now."""
    if aspect.name == "rules":
        return [rule_value(rule) for rule in row.rules.select_related("remote_group")]
    if aspect.links:
        return named_all(getattr(row, aspect.name).all())
    values = {name: named(getattr(row, name)) for name in aspect.columns}
    return of_columns(aspect, values)


def of_columns(aspect: Aspect, values: Mapping[str, Any]) -> Any:
    return values[aspect.columns[0]] if len(aspect.columns) == 1 else dict(values)


def named(value: Any) -> Any:
    """Another row as its uuid and name; anything else is JSON already."""
    if not isinstance(value, Model):
        return value
    row: Any = value
    return {"uuid": row.uuid.hex, "name": str(row)}


def named_all(rows: Iterable[Any]) -> list[Any]:
    return sorted((named(row) for row in rows), key=lambda item: (item["name"], item["uuid"]))


def rule_value(rule: SecurityGroupRule) -> dict[str, Any]:
    return {**{name: getattr(rule, name) for name in RULE_WORDS}, "remote_group": named(rule.remote_group)}


# what a pull is about to write ----------------------------------------------------------------------------------------


def seen_in_columns(word: str, changes: Mapping[Any, Mapping[str, Any]]) -> list[Seen]:
    """Of rows that are still as they were; `changes` are keyed by the columns of the database."""
    found = []
    for row, changed in changes.items():
        for aspect in aspects_of(word):
            before = {name: getattr(row, attname(row, name)) for name in aspect.columns}
            after = {name: changed.get(attname(row, name), value) for name, value in before.items()}
            if before != after:
                found.append(Seen(row, aspect, before, after))
    ends = ends_of(found)
    return [
        seen._replace(
            before=of_columns(seen.aspect, spoken(seen, seen.before, ends)),
            observed=of_columns(seen.aspect, spoken(seen, seen.observed, ends)),
        )
        for seen in found
    ]


def sayings(word: str, rows: Iterable[Any]) -> dict[Any, dict[str, Any]]:
    """{uuid: what all the columns of the row say that users declare}."""
    found = [
        Seen(row, aspect, {name: getattr(row, attname(row, name)) for name in aspect.columns}, {})
        for row in rows
        for aspect in aspects_of(word)
    ]
    ends = ends_of(found)
    said: dict[Any, dict[str, Any]] = defaultdict(dict)
    for seen in found:
        said[seen.row.uuid].update(spoken(seen, seen.before, ends))
    return said


def attname(row: Any, name: str) -> str:
    return str(row._meta.get_field(name).attname)


def ends_of(found: Iterable[Seen]) -> dict[Any, dict[int, Any]]:
    """{model: {pk: row}} of what foreign keys refer to; a query per model."""
    wanted: dict[Any, set[int]] = defaultdict(set)
    for seen in found:
        for values in (seen.before, seen.observed):
            for name, value in values.items():
                if model := seen.row._meta.get_field(name).related_model:
                    wanted[model].add(value)
    return {model: model._default_manager.in_bulk([pk for pk in pks if pk]) for model, pks in wanted.items()}


def spoken(seen: Seen, values: Mapping[str, Any], ends: Mapping[Any, Mapping[int, Any]]) -> dict[str, Any]:
    models = {name: seen.row._meta.get_field(name).related_model for name in values}
    return {name: named(ends[model].get(value)) if (model := models[name]) else value for name, value in values.items()}


def seen_in_rules(aspect: Aspect, rows: Mapping[int, Any], changes: Mapping[int, Any]) -> list[Seen]:
    """Of groups whose rules differ: the rules that they have, and will have. One query."""
    rules = SecurityGroupRule.objects.filter(security_group__in=changes).select_related("remote_group")
    of_group: dict[int, list[SecurityGroupRule]] = defaultdict(list)
    for rule in rules:
        of_group[rule.security_group_id].append(rule)
    remotes = SecurityGroup.objects.in_bulk(
        [rule.remote_group_id for change in changes.values() for rule in change.added if rule.remote_group_id]
    )
    found = []
    for pk, change in changes.items():
        if not (change.added or change.removed):
            continue
        for rule in change.added:
            if rule.remote_group_id:
                rule.remote_group = remotes[rule.remote_group_id]
        gone, before = set(change.removed), of_group[pk]
        added = [rule for rule in change.added if not (is_unread(before) and is_automatic(to_backend(rule)))]
        after = [rule for rule in before if rule.pk not in gone] + added
        found.append(Seen(rows[pk], aspect, [*map(rule_value, before)], [*map(rule_value, after)]))
    return found


def is_unread(rules: list[SecurityGroupRule]) -> bool:
    """Whether the group was made here and never pulled: Neutron's own rules have been there from the start then."""
    return bool(rules) and not any(rule.backend_id for rule in rules)


def seen_in_links(aspect: Aspect, model: Any, rows: Mapping[int, Any], changes: Mapping[int, Any]) -> list[Seen]:
    """Of rows whose links differ: the ends that they have, and will have. Two queries."""
    relation = model._meta.get_field(aspect.name)
    own, end = f"{relation.m2m_field_name()}_id", f"{relation.m2m_reverse_field_name()}_id"
    linked: dict[int, set[int]] = defaultdict(set)
    through = relation.remote_field.through._default_manager
    for row, other in through.filter(**{f"{own}__in": changes}).values_list(own, end):
        linked[row].add(other)
    ends = relation.related_model._default_manager.in_bulk(
        {pk for row, change in changes.items() for pk in linked[row] | change.added}
    )
    return [
        Seen(
            rows[pk],
            aspect,
            named_all(ends[other] for other in linked[pk]),
            named_all(ends[other] for other in (linked[pk] | change.added) - change.removed),
        )
        for pk, change in changes.items()
    ]
