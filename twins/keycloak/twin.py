"""Tokens by client credentials, users, groups, members; answers and status codes as Keycloak's own."""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]
MISSING: Answer = (404, {"error": "Could not find resource"})


class KeycloakTwin:
    """One realm on the loopback. ``users`` are known by name; ``groups`` hold the ids of their members."""

    def __init__(self, realm: str = "cloud", client_id: str = "waldur", client_secret: str = "secret") -> None:
        self.realm, self.client = realm, (client_id, client_secret)
        self.users: dict[str, str] = {}  # username → id
        self.groups: dict[str, dict[str, Any]] = {}  # id → name, attributes, members
        self.tokens: set[str] = set()
        self.calls: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_user(self, username: str) -> str:
        return self.users.setdefault(username, str(uuid.uuid4()))

    def members(self, group: str) -> set[str]:
        """The names of those in the group of this name."""
        names = {user_id: name for name, user_id in self.users.items()}
        return {names[each] for found in self.groups.values() if found["name"] == group for each in found["members"]}

    def token(self, form: dict[str, list[str]]) -> Answer:
        given = (form.get("client_id", [""])[0], form.get("client_secret", [""])[0])
        if given != self.client or form.get("grant_type") != ["client_credentials"]:
            return 401, {
                "error": "unauthorized_client",
                "error_description": "Invalid client credentials",
            }
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return 200, {"access_token": token, "expires_in": 60, "token_type": "Bearer"}

    def admin(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> Answer:
        match (method, *path):
            case ("GET", "users"):
                wanted = query.get("username", [""])[0].lower()
                return 200, [{"id": i, "username": name} for name, i in self.users.items() if name == wanted]
            case ("GET", "groups"):
                wanted = query.get("search", [""])[0]
                return 200, [self._brief(i) for i, group in self.groups.items() if group["name"] == wanted]
            case ("POST", "groups"):
                return self._new_group(body)
            case ("DELETE", "groups", group_id):
                return (204, None) if self.groups.pop(group_id, None) else MISSING
            case ("PUT" | "DELETE", "users", user_id, "groups", group_id):
                return self._member(method, user_id, group_id)
        return MISSING

    def _new_group(self, body: dict[str, Any]) -> Answer:
        if any(group["name"] == body["name"] for group in self.groups.values()):
            return 409, {"errorMessage": f"Top level group named '{body['name']}' already exists."}
        group_id = str(uuid.uuid4())
        self.groups[group_id] = {"name": body["name"], "attributes": body.get("attributes", {}), "members": set()}
        return 201, None

    def _member(self, method: str, user_id: str, group_id: str) -> Answer:
        if group_id not in self.groups or user_id not in self.users.values():
            return MISSING
        members = self.groups[group_id]["members"]
        members.add(user_id) if method == "PUT" else members.discard(user_id)
        return 204, None

    def _brief(self, group_id: str) -> dict[str, Any]:
        group = self.groups[group_id]
        return {"id": group_id, "name": group["name"], "path": f"/{group['name']}", "attributes": group["attributes"]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        twin = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                parts = urlsplit(self.path)
                twin.calls.append(f"{self.command} {parts.path}")
                status, body = self.dispatch(parts.path, parse_qs(parts.query), text)
                self.send_response(status)
                data = json.dumps(body).encode() if body is not None else b""
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def dispatch(self, path: str, query: dict[str, list[str]], text: str) -> Answer:
                if path == f"/realms/{twin.realm}/protocol/openid-connect/token":
                    return twin.token(parse_qs(text))
                prefix = f"/admin/realms/{twin.realm}/"
                if not path.startswith(prefix):
                    return 404, {"error": "Realm not found."}
                if self.headers.get("Authorization", "").removeprefix("Bearer ") not in twin.tokens:
                    return 401, {"error": "HTTP 401 Unauthorized"}
                return twin.admin(self.command, path.removeprefix(prefix).split("/"), query, json.loads(text or "null"))

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

        return Handler
