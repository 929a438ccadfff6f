"""What handlers receive and return: a :class:`Call`, a :class:`Reply`, and the table of :class:`Route`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .state import Obj, State

if TYPE_CHECKING:
    from .cloud import Cloud

Version = tuple[int, int]


@dataclass(slots=True)
class Context:
    """Who calls, as Keystone's token says."""

    token_id: str = ""
    user_id: str = ""
    project_id: str = ""
    domain_id: str = ""
    roles: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles


@dataclass(slots=True)
class Call:
    """One request on its way through a service."""

    cloud: Cloud
    service: str
    method: str
    path: str
    base: str
    context: Context
    params: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    body: Any = None
    version: Version = (0, 0)
    headers: Any = None
    scope: str = ""

    @property
    def state(self) -> State:
        return self.cloud.state

    @property
    def project_id(self) -> str:
        return self.context.project_id

    @property
    def is_admin(self) -> bool:
        return self.context.is_admin

    def stamp(self) -> str:
        return self.cloud.clock.stamp()

    def arg(self, name: str) -> str | None:
        """The last value of a query parameter."""
        for key, value in reversed(self.query):
            if key == name:
                return value
        return None

    def args(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def flag(self, name: str) -> bool:
        """A query parameter that is present and not a word for no."""
        value = self.arg(name)
        return value is not None and value.lower() not in ("0", "false", "no", "off", "f", "n")

    def action(self) -> tuple[str, Any]:
        """The name and value of an action: the one key of its body."""
        body = self.body if isinstance(self.body, dict) else {}
        return next(iter(body.items()), ("", None))

    def query_with(self, **changes: str) -> str:
        """The query string with some parameters replaced, for links to the next page."""
        kept = [(key, value) for key, value in self.query if key not in changes]
        return urlencode([*kept, *changes.items()])


@dataclass(slots=True)
class Reply:
    """An answer with a status or headers of its own; most handlers just return the body."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Any]  # (call) → body or Reply; stream handlers are coroutines of (call, request)


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a service's table.

    ``policy`` names the rule that only admins satisfy; ``public`` needs no token; ``stream`` handlers read or
    write the body themselves.
    """

    method: str
    path: str
    operation: str
    handler: Handler
    status: int = 200
    policy: str = ""
    public: bool = False
    stream: bool = False


class Router:
    """Finds the route of a path: a tree of segments, literal ones before ``{parameters}``."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root: Obj = {}
        for route in routes:
            node = self._root
            for segment in route.path.strip("/").split("/"):
                node = node.setdefault("{}" if segment.startswith("{") else segment, {})
            node.setdefault("/", {})[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route | None, list[str]]:
        values: list[str] = []
        methods = self._walk(self._root, path.strip("/").split("/"), values)
        if methods is None:
            return None, []
        route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        return route, values

    def methods(self, path: str) -> bool:
        """Whether the path is known with any method."""
        return self._walk(self._root, path.strip("/").split("/"), []) is not None

    def _walk(self, node: Obj, segments: list[str], values: list[str]) -> Obj | None:
        if not segments:
            return node.get("/")
        head, rest = segments[0], segments[1:]
        if head in node:
            found = self._walk(node[head], rest, values)
            if found is not None:
                return found
        if "{}" not in node or not head:
            return None
        values.append(head)
        found = self._walk(node["{}"], rest, values)
        if found is None:
            values.pop()
        return found


def names_in(path: str) -> list[str]:
    """The parameter names of a route, in order."""
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
