"""What makes a service: its prefix, its table of routes, its microversions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .errors import NO_ROUTE, ApiError, bad_request, body_of, not_found, web_error
from .wire import Call, Reply, Route, Router, Version

FLASK_NOT_FOUND = """\
<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually \
please check your spelling and try again.</p>
"""


@dataclass
class Service:
    """One service of the cloud.

    ``version_in_path`` is what a project's id may follow; ``microversion`` is ``(word, lowest, highest)`` where the
    service has them; ``actions`` names the operations of ``POST …/action`` by the key of the body.
    """

    name: str
    prefix: str
    routes: Sequence[Route]
    microversion: tuple[str, Version, Version] | None = None
    version_in_path: str = ""
    actions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.router = Router(self.routes)

    def operation_of(self, call: Call, route: Route | None) -> str:
        """``server.create`` and the like; an action is named after what it does."""
        if route is None:
            return "unknown"
        if not route.operation.endswith(".action"):
            return route.operation
        body = call.body if isinstance(call.body, dict) else {}
        noun = route.operation.removesuffix(".action")
        name = next((self.actions[key] for key in body if key in self.actions), "action")
        return f"{noun}.{name}"

    def negotiate(self, call: Call) -> None:
        """Set the call's version from its headers: https://specs.openstack.org/ (api-wg, microversions)."""
        if self.microversion is None:
            return
        word, low, high = self.microversion
        call.version = version = self.asked(call, word, low, high)
        if not low <= version <= high:
            raise ApiError(
                406,
                f"Version {dotted(version)} is not supported by the API. "
                f"Minimum is {dotted(low)} and maximum is {dotted(high)}.",
            )

    def asked(self, call: Call, word: str, low: Version, high: Version) -> Version:
        text = ""
        for header in call.headers.getall("OpenStack-API-Version", []):
            for part in header.split(","):
                name, _, value = part.strip().partition(" ")
                if name == word:
                    text = value.strip()
        text = text or (call.headers.get("X-OpenStack-Nova-API-Version", "") if word == "compute" else "")
        if not text:
            return low
        if text == "latest":
            return high
        major, _, minor = text.partition(".")
        if not (major.isdigit() and minor.isdigit()):
            raise bad_request(f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum.")
        return int(major), int(minor)

    def headers(self, call: Call, request_id: str) -> dict[str, str]:
        if self.microversion is None:
            return {"Vary": "X-Auth-Token"} if self.name == "identity" else {}
        word, low, _ = self.microversion
        version = dotted(call.version if call.version != (0, 0) else low)
        found = {
            "OpenStack-API-Version": f"{word} {version}",
            "Vary": "OpenStack-API-Version",
            "x-compute-request-id": request_id,
        }
        if word == "compute":
            found["X-OpenStack-Nova-API-Version"] = version
        return found

    def no_route(self, call: Call) -> Reply:
        """What the service says to a path or method that it does not have."""
        if self.name == "network":
            return Reply(404, body_of(self.name, not_found(NO_ROUTE)))
        if self.name != "identity":
            return Reply(404, web_error(404, NO_ROUTE))
        if self.router.methods(call.path.removeprefix(self.prefix)):
            return Reply(405, {"message": "The method is not allowed for the requested URL."})
        return Reply(404, FLASK_NOT_FOUND)


def dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
