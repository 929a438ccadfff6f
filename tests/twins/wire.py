"""Raw HTTP for the tests of the twin: what the services answer, byte for byte."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 20.0


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Wire:
    """One caller of the twin: a user in a project, or nobody."""

    base: str
    token: str = ""
    project_id: str = ""
    user_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, timeout: float = PATIENCE, **headers: str) -> Answer:
        given = {"X-Auth-Token": self.token, **self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        data = body if isinstance(body, bytes) else None
        if body is not None and data is None:
            data = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=timeout)
        try:
            connection.request(method, path.format(project=self.project_id), data, given)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return Answer(answer.status, json.loads(text) if text and is_json else text, dict(answer.getheaders()))

    def get(self, path: str, **headers: str) -> Any:
        answer = self.call("GET", path, None, PATIENCE, **headers)
        assert answer.status == 200, answer
        return answer.body

    def post(self, path: str, body: Any, **headers: str) -> Any:
        answer = self.call("POST", path, body, PATIENCE, **headers)
        assert answer.status in (200, 201, 202), answer
        return answer.body

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.call("PUT", path, body, PATIENCE, **headers)
        assert answer.status in (200, 201, 202, 204), answer
        return answer.body

    def delete(self, path: str, **headers: str) -> None:
        answer = self.call("DELETE", path, None, PATIENCE, **headers)
        assert answer.status in (200, 202, 204), answer


def password_auth(user: str, password: str, project: str = "", **scope: Any) -> dict[str, Any]:
    """A Keystone v3 request for a token."""
    default = {"name": "Default"}
    methods = {"methods": ["password"], "password": {"user": {"name": user, "domain": default, "password": password}}}
    auth: dict[str, Any] = {"identity": methods}
    if project:
        auth["scope"] = {"project": {"name": project, "domain": default}}
    if scope:
        auth["scope"] = scope
    return {"auth": auth}


def login(base: str, user: str, password: str, project: str) -> Wire:
    answer = Wire(base).call("POST", "/v3/auth/tokens", password_auth(user, password, project))
    assert answer.status == 201, answer
    token = answer.body["token"]
    return Wire(base, answer.headers["X-Subject-Token"], token["project"]["id"], token["user"]["id"])
