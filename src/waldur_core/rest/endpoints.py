"""Every endpoint of the server, found by walking the URL patterns: nothing has to be registered anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from waldur_core.permissions.access import Access


@dataclass(frozen=True)
class Endpoint:
    """One method on one path, and the action of the view class that serves it."""

    method: str
    path: str  # with the names of its variables: api/users/{uuid}/
    view: Any
    action: str
    name: str

    @property
    def rule(self) -> Access | None:
        rule: Access | None = self.view.access.get(self.action)
        return rule

    @property
    def variable(self) -> str:
        """The variable of the path; empty for a path without object."""
        return self.path.partition("{")[2].partition("}")[0]

    def __str__(self) -> str:
        return f"{self.method.upper()} /{self.path}"


def endpoints() -> list[Endpoint]:
    found = {str(endpoint): endpoint for endpoint in _walk(get_resolver().url_patterns, "")}
    return [found[key] for key in sorted(found)]


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Endpoint]:
    for pattern in patterns:
        path = prefix + _readable(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
            continue
        callback: Any = pattern.callback
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", callback)
        for method, action in _actions(callback, view).items():
            yield Endpoint(method, path, view, action, pattern.name or "")


def _actions(callback: Any, view: Any) -> dict[str, str]:
    """{method: action}; of a plain function, one that no rule can be found for."""
    if hasattr(callback, "actions"):
        return {method: action for method, action in callback.actions.items() if method != "head"}
    methods = [name for name in getattr(view, "http_method_names", ["get"]) if name not in ("head", "options")]
    return {method: method for method in methods if hasattr(view, method)} or {"get": "get"}


def _readable(pattern: Any) -> str:
    """`^users/(?P<uuid>[0-9a-f]{32})/$` becomes `users/{uuid}/`."""
    text, out, depth = str(pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z"), "", 0
    for part in text.replace("\\.", ".").split("(?P<"):
        if depth == 0 and not out:
            out, depth = part, 1
            continue
        name, _, rest = part.partition(">")
        out += "{" + name + "}" + _after_group(rest)
    return out


def _after_group(text: str) -> str:
    level = 1
    for position, letter in enumerate(text):
        level += (letter == "(") - (letter == ")")
        if level == 0:
            return text[position + 1 :]
    return ""
