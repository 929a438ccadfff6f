"""OpenNebula's templates: attributes by name, each with one or several values; a vector is a flat dictionary.

``CPU="1"`` and ``NIC=[NETWORK_ID="0"]`` become ``{"CPU": ["1"], "NIC": [{"NETWORK_ID": "0"}]}``. The same may be
given as XML. Names are upper case; the order between names does not matter, that of equal names does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite
from xml.etree import ElementTree

Vector = dict[str, str]
Value = str | Vector
Template = dict[str, list[Value]]

TOKEN = re.compile(
    r'(?P<blank>[ \t\r\n]+|\#[^\n]*)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<sign>[=\[\],])|(?P<word>[^\s=\[\],"\#]+)', re.S
)
NAMES = {"=": "EQUAL", "[": "OBRACKET", "]": "CBRACKET", ",": "COMMA", "": "$end"}


class TemplateError(Exception):
    """The text is no template; the message is the parser's."""


def parse(text: str) -> Template:
    """A template from ``NAME=value`` lines or from XML, whose root element is a mere wrapper."""
    text = text.strip()
    return _from_xml(text) if text.startswith("<") else _Parser(text).template()


def first(template: Template, name: str, default: str = "") -> str:
    """The single value of an attribute."""
    for value in template.get(name, []):
        if isinstance(value, str):
            return value
    return default


def vectors(template: Template, name: str) -> list[Vector]:
    return [value for value in template.get(name, []) if isinstance(value, dict)]


def is_yes(value: str) -> bool:
    return value.upper() in ("YES", "Y", "1", "TRUE")


def merged(template: Template, changes: Template) -> Template:
    """``changes`` take the place of whole attributes; the others stay."""
    return copy({**template, **changes})


def copy(template: Template) -> Template:
    return {
        name: [dict(value) if isinstance(value, dict) else value for value in values]
        for name, values in template.items()
    }


def without(template: Template, names: Iterable[str]) -> Template:
    left_out = set(names)
    return {name: values for name, values in template.items() if name not in left_out}


def number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if isfinite(found) else None


def integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d+", text.strip()) else None


def _from_xml(text: str) -> Template:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise TemplateError(f"Parse error: {error}") from error
    template: Template = {}
    for child in root:
        value: Value = child.text or ""
        if len(child):
            value = {part.tag.upper(): part.text or "" for part in child}
        template.setdefault(child.tag.upper(), []).append(value)
    return template


class _Parser:
    """Reads ``NAME = value`` and ``NAME = [ NAME = value, … ]``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []  # (sign or "word", its text, where it starts)
        place = 0
        while place < len(text):
            found = TOKEN.match(text, place)
            if found is None:
                raise TemplateError(f"Parse error: syntax error at line {text.count(chr(10), 0, place)}")
            if found.lastgroup == "quoted":
                self.tokens.append(("string", re.sub(r'\\(["\\])', r"\1", found["quoted"]), place))
            elif found.lastgroup != "blank":
                kind = found[0] if found.lastgroup == "sign" else "word"
                self.tokens.append((kind, found[0], place))
            place = found.end()
        self.next = 0

    def template(self) -> Template:
        template: Template = {}
        while self.next < len(self.tokens):
            name = self._take("word").upper()
            self._take("=", "EQUAL or EQUAL_EMPTY")
            value: Value = self._vector() if self._peek() == "[" else self._string(name)
            template.setdefault(name, []).append(value)
        return template

    def _vector(self) -> Vector:
        self._take("[")
        vector: Vector = {}
        while self._peek() != "]":
            name = self._take("word").upper()
            self._take("=", "EQUAL or EQUAL_EMPTY")
            vector[name] = self._string(name)
            if self._peek() == ",":
                self._take(",")
        self._take("]")
        return vector

    def _string(self, name: str) -> str:
        """A quoted string, or words to the end of their line; nothing at all is an empty value."""
        if self._peek() == "string":
            return self._take("string")
        words = []
        end = self._line_end()
        while self._peek() == "word" and self.tokens[self.next][2] < end:
            words.append(self._take("word"))
        return " ".join(words)

    def _line_end(self) -> int:
        start = self.tokens[self.next - 1][2]
        end = self.text.find("\n", start)
        return len(self.text) if end < 0 else end

    def _peek(self) -> str:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def _take(self, kind: str, expected: str = "") -> str:
        found = self._peek()
        if found != kind:
            name = NAMES.get(found, "VARIABLE" if found == "word" else "STRING")
            wanted = expected or NAMES.get(kind, "VARIABLE")
            start = self.tokens[self.next - 1][2] if self.next else 0
            line = self.text.count("\n", 0, start)
            column = start - (self.text.rfind("\n", 0, start) + 1) + 1
            end = column + len(self.tokens[self.next - 1][1]) if self.next else column
            raise TemplateError(
                f"Parse error: syntax error, unexpected {name}, expecting {wanted} "
                f"at line {line}, columns {column}:{end}"
            )
        self.next += 1
        return self.tokens[self.next - 1][1]
