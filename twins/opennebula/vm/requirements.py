"""SCHED_REQUIREMENTS: ``CLUSTER_ID = 100 & !(NAME = "h*")``, evaluated on the attributes of a host."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from ..state import Obj
from ..templates import first, number

TOKEN = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<sign>!=|@>|[=<>!&|()])|(?P<word>[^\s=<>!&|()"]+))')


class RequirementsError(Exception):
    """The text is no expression."""


def meets(text: str, host: Obj, cluster_name: str) -> bool:
    """Whether the host meets the requirements; everything meets none."""
    return not text.strip() or _Expression(text, _attributes(host, cluster_name)).value()


def _attributes(host: Obj, cluster_name: str) -> dict[str, str]:
    attributes = {name: first(host["template"], name) for name in host["template"]}
    own = {"ID": host["id"], "NAME": host["name"], "CLUSTER_ID": host["cluster_id"], "CLUSTER": cluster_name}
    return {**attributes, **{name: str(value) for name, value in own.items()}}


class _Expression:
    def __init__(self, text: str, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        self.tokens: list[tuple[str, str]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = TOKEN.match(text, place)
            if found is None:
                raise RequirementsError(f"Parse error in expression at {place}")
            kind = found.lastgroup or ""
            self.tokens.append((found[kind] if kind == "sign" else "word", found[kind]))
            place = found.end()
        self.next = 0

    def value(self) -> bool:
        result = self._either()
        if self.next < len(self.tokens):
            raise RequirementsError(f"Parse error in expression: unexpected {self.tokens[self.next][1]}")
        return result

    def _either(self) -> bool:
        result = self._both()
        while self._skip("|"):
            result = self._both() or result
        return result

    def _both(self) -> bool:
        result = self._one()
        while self._skip("&"):
            result = self._one() and result
        return result

    def _one(self) -> bool:
        if self._skip("!"):
            return not self._one()
        if self._skip("("):
            result = self._either()
            self._expect(")")
            return result
        return self._comparison()

    def _comparison(self) -> bool:
        name = self._expect("word")
        sign = self._expect("=", "!=", "<", ">", "@>")
        wanted = self._expect("word")
        found = self.attributes.get(name.upper(), "")
        if sign in ("=", "!="):
            return fnmatchcase(found, wanted) == (sign == "=")
        if sign == "@>":
            return wanted in found.replace(",", " ").split()
        left, right = number(found), number(wanted)
        if left is None or right is None:
            return False
        return left < right if sign == "<" else left > right

    def _skip(self, kind: str) -> bool:
        if self.next < len(self.tokens) and self.tokens[self.next][0] == kind:
            self.next += 1
            return True
        return False

    def _expect(self, *kinds: str) -> str:
        if self.next >= len(self.tokens) or self.tokens[self.next][0] not in kinds:
            raise RequirementsError(f"Parse error in expression: expected {' or '.join(kinds)}")
        self.next += 1
        return self.tokens[self.next - 1][1]
