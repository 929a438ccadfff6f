"""Templates on the way out, things on the way in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from lxml import etree

Value = Any  # a text or number, a mapping (a vector attribute), or a list of either (a repeated attribute)


def template(attributes: Mapping[str, Value]) -> str:
    """A template as XML: no value can break out of it. None is left out."""
    root = etree.Element("TEMPLATE")
    _fill(root, attributes)
    return etree.tostring(root, encoding="unicode")


def _fill(parent: Any, attributes: Mapping[str, Value]) -> None:
    for name, value in attributes.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if each is None:
                continue
            child = etree.SubElement(parent, name)
            if isinstance(each, Mapping):
                _fill(child, each)
            else:
                child.text = _clean(str(each))


def _clean(text: str) -> str:
    """XML knows no control characters."""
    return "".join(sign for sign in text if sign in "\t\n\r" or ord(sign) >= 32)


class Thing:
    """One object of a pool or of an ``info`` call."""

    def __init__(self, element: Any, quotas: Any = None) -> None:
        self.element = element
        self.quotas = element if quotas is None else quotas

    @cached_property
    def id(self) -> int:
        return int(self.text("ID"))

    @cached_property
    def name(self) -> str:
        return self.text("NAME")

    @cached_property
    def gid(self) -> int:
        return int(self.text("GID", "-1"))

    def text(self, path: str, default: str = "") -> str:
        return self.element.findtext(path) or default

    def number(self, path: str, default: float = 0.0) -> float:
        try:
            return float(self.text(path))
        except ValueError:
            return default

    def note(self, name: str) -> str:
        """An attribute of its template; a machine's own ones are in USER_TEMPLATE."""
        return self.text(f"USER_TEMPLATE/{name}") or self.text(f"TEMPLATE/{name}")

    def all(self, path: str) -> Iterator[Thing]:
        return (Thing(element) for element in self.element.findall(path))

    def ids(self, path: str) -> list[int]:
        return [int(element.text) for element in self.element.findall(path)]

    def vector(self, path: str) -> dict[str, Any]:
        """The attributes under ``path``, as :func:`template` takes them."""
        found = self.element.find(path)
        return {} if found is None else as_dict(found)


def as_dict(element: Any) -> dict[str, Any]:
    """Attributes of an element; repeated ones become a list."""
    found: dict[str, Any] = {}
    for child in element:
        value = as_dict(child) if len(child) else (child.text or "")
        if child.tag in found:
            earlier = found[child.tag]
            found[child.tag] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            found[child.tag] = value
    return found


def things(pool: Any, tag: str) -> list[Thing]:
    """The objects of a pool. GROUP_POOL and USER_POOL have the quotas of each beside it."""
    quotas = {element.findtext("ID"): element for element in pool.findall("QUOTAS")}
    return [Thing(element, quotas.get(element.findtext("ID"))) for element in pool.findall(tag)]
