"""The inspection API in Python, with nothing but the standard library. Works for a twin in any process."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

Objects = dict[str, list[dict[str, Any]]]


class TwinError(Exception):
    """The twin refused an inspection call."""


class InspectionClient:
    """Talks to ``/_twin`` of the twin at ``base_url`` (``http://127.0.0.1:5000``)."""

    def __init__(self, base_url: str, timeout: float = 30.0) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if base_url.startswith("https"):
            handlers.append(urllib.request.HTTPSHandler(context=trust_anyone()))
        self._opener = urllib.request.build_opener(*handlers)

    def objects(self, kind: str | None = None) -> Objects:
        """All that exists, by kind; each with ``id``, ``name`` and whose it is."""
        found: Objects = self.send("GET", "objects", query={"kind": kind})
        return found

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """The log: seq, time, operation, whether it changed anything, whether its answer was lost, and more."""
        found: list[dict[str, Any]] = self.send("GET", "calls", query={"since": since})["calls"]
        return found

    def call_count(self) -> int:
        """How many calls there ever were: the ``since`` of the next :meth:`calls`."""
        return int(self.send("GET", "calls", query={"since": 2**62})["count"])

    def add_fault(self, action: str, **rule: Any) -> int:
        """Add a rule (see :class:`twins.faults.Fault`); returns its id."""
        return int(self.send("POST", "faults", {"action": action, **rule})["fault"]["id"])

    def fail_next(self, transition: str, message: str = "", times: int = 1) -> int:
        """Let the next transition of that name end badly."""
        return self.add_fault("fail", transition=transition, message=message, times=times)

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.send("GET", "faults")["faults"]
        return found

    def clear_faults(self) -> None:
        self.send("DELETE", "faults")

    def held(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.send("GET", "held")["held"]
        return found

    def wait_held(self, timeout: float = 10.0) -> dict[str, Any]:
        """Wait until a call is on hold, and return it."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for hold in self.held():
                return hold
            time.sleep(0.01)
        raise TimeoutError("no call came to be held")

    def release(self, hold_id: int | None = None) -> int:
        return int(self.send("POST", "release", {"id": hold_id})["released"])

    def go_dark(self, service: str = "", mode: str = "silent") -> None:
        """``silent``: connections are accepted and never answered; ``refuse``: they are aborted."""
        self.send("POST", "dark", {"service": service, "mode": mode})

    def light(self, service: str = "") -> None:
        self.send("POST", "dark", {"service": service, "off": True})

    def set_latency(self, profile: str | dict[str, float]) -> None:
        self.send("POST", "latency", {"profile": profile})

    def advance(self, seconds: float) -> None:
        """Move the twin's time forward, so that what is due later happens now."""
        self.send("POST", "clock", {"advance": seconds})

    def reset(self) -> None:
        self.send("POST", "reset")

    def leftovers(self, baseline: Objects) -> Objects:
        """What exists now that did not in ``baseline``, an earlier :meth:`objects`."""
        found = {}
        for kind, objects in self.objects().items():
            before = {obj["id"] for obj in baseline.get(kind, [])}
            new = [obj for obj in objects if obj["id"] not in before]
            if new:
                found[kind] = new
        return found

    def send(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> Any:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        url = f"{self.base_url}/_twin/{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with self._opener.open(request, timeout=self.timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise TwinError(error.read().decode(errors="replace")) from error


def trust_anyone() -> ssl.SSLContext:
    """Twins have certificates that nobody signed. Such a context takes a while to make."""
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    return trust
