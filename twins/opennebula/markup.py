"""Writing XML as the daemon does: values of templates in CDATA, ids plain, names in alphabetical order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from .templates import Template

PERMISSIONS = (
    *("OWNER_U", "OWNER_M", "OWNER_A"),
    *("GROUP_U", "GROUP_M", "GROUP_A"),
    *("OTHER_U", "OTHER_M", "OTHER_A"),
)


def tag(name: str, value: object = "") -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def wrap(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def cdata(name: str, value: object) -> str:
    text = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"


def cdata_or_empty(name: str, value: str) -> str:
    """``<PHYDEV/>`` when there is none."""
    return cdata(name, value) if value else f"<{name}/>"


def vector(name: str, values: Mapping[str, object]) -> str:
    return wrap(name, *(cdata(key, values[key]) for key in sorted(values)))


def ids(name: str, members: Iterable[int]) -> str:
    return wrap(name, *(tag("ID", member) for member in sorted(members)))


def template(name: str, attributes: Template) -> str:
    parts = []
    for key in sorted(attributes):
        for value in attributes[key]:
            parts.append(vector(key, value) if isinstance(value, dict) else cdata(key, value))
    return wrap(name, *parts)


def permissions(bits: Iterable[int]) -> str:
    return wrap("PERMISSIONS", *(tag(name, bit) for name, bit in zip(PERMISSIONS, bits, strict=True)))
