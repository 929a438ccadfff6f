"""Groups in Keycloak, one per VDC: OpenNebula's SAML driver puts their members into the VDC's group at sign-in.

The driver finds OpenNebula's group by the path of Keycloak's in the attribute SAML_GROUP
(``mapping_generate: true``, ``mapping_key: SAML_GROUP`` in its configuration).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from .errors import BadInput, CloudError, NameTaken, Unreachable

KEY = "backend_settings.keycloak"
OWNER = "waldur_resource"  # attribute of a group: for whom it was made
KEYS = ("url", "realm", "client_id", "client_secret")
SECONDS = (5.0, 20.0)


@dataclass(frozen=True)
class Access:
    """``url`` without ``/realms``; the client needs a service account that may manage users."""

    url: str
    realm: str
    client_id: str
    client_secret: str
    verify: bool = True


def read_access(settings: Mapping[str, Any]) -> Access | None:
    if not settings.get("keycloak_enabled"):
        return None
    given = settings.get("keycloak")
    if not isinstance(given, Mapping) or any(not given.get(key) for key in KEYS):
        raise BadInput(KEY, f"it needs {', '.join(KEYS)}.")
    if unknown := sorted(set(given) - {*KEYS, "verify_ssl"}):
        raise BadInput(KEY, f"{', '.join(unknown)} is not known. Known are {', '.join(KEYS)}, verify_ssl.")
    url, realm, client_id, client_secret = (str(given[key]).rstrip("/") for key in KEYS)
    return Access(url, realm, client_id, client_secret, bool(given.get("verify_ssl", True)))


class Keycloak:
    def __init__(self, access: Access) -> None:
        self.access = access
        self.web = requests.Session()
        self.web.verify = access.verify

    def ensure_group(self, name: str, resource: str) -> str:
        """The path of the group of a VDC. A group that was not made for this resource is not taken."""
        found = self._group(name)
        if found is None:
            self._send("POST", "groups", json={"name": name, "attributes": {OWNER: [resource]}}, accept=(201, 409))
            found = self._group(name)
        if found is None or found.get("attributes", {}).get(OWNER) != [resource]:
            raise NameTaken(f"Keycloak has a group {name} that was not made for this resource. Rename or delete it.", 0)
        return str(found["path"])

    def remove_group(self, name: str, resource: str) -> None:
        """Its members lose what it gave. Somebody else's group of the name stays."""
        found = self._group(name)
        if found is not None and found.get("attributes", {}).get(OWNER) == [resource]:
            self._send("DELETE", f"groups/{found['id']}", accept=(204, 404))

    def add_members(self, name: str, usernames: set[str]) -> set[str]:
        """Who is in now. Those that Keycloak does not know yet are left for later."""
        return self._change("PUT", name, usernames)

    def remove_members(self, name: str, usernames: set[str]) -> None:
        self._change("DELETE", name, usernames)

    def _change(self, method: str, name: str, usernames: set[str]) -> set[str]:
        group = self._group(name)
        if group is None:
            raise CloudError(f"Keycloak has no group {name}. It may have been deleted there.")
        changed = set()
        for username in usernames:
            users = self._send("GET", "users", params={"username": username.lower(), "exact": "true"}).json()
            for user in users[:1]:
                self._send(method, f"users/{user['id']}/groups/{group['id']}", accept=(204, 404))
                changed.add(username)
        return changed

    def _group(self, name: str) -> dict[str, Any] | None:
        query = {"search": name, "exact": "true", "briefRepresentation": "false"}
        return next((each for each in self._send("GET", "groups", params=query).json() if each["name"] == name), None)

    def _send(self, method: str, path: str, accept: tuple[int, ...] = (200,), **more: Any) -> requests.Response:
        """One call; signs in first, and again when the token has run out."""
        url = f"{self.access.url}/admin/realms/{self.access.realm}/{path}"
        if "Authorization" not in self.web.headers:
            self.sign_in()
        answer = self._request(method, url, **more)
        if answer.status_code == 401:
            self.sign_in()
            answer = self._request(method, url, **more)
        if answer.status_code not in accept:
            raise CloudError(f"keycloak: {method} {path} gave {answer.status_code}. Check realm and rights.")
        return answer

    def sign_in(self) -> None:
        """Raises when the client is not accepted; worth asking before anything is made."""
        url = f"{self.access.url}/realms/{self.access.realm}/protocol/openid-connect/token"
        form = {"client_id": self.access.client_id, "client_secret": self.access.client_secret}
        answer = self._request("POST", url, data={**form, "grant_type": "client_credentials"})
        if answer.status_code != 200:
            raise BadInput(KEY, f"it refused the client ({answer.status_code}). Check realm and secret.")
        self.web.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _request(self, method: str, url: str, **more: Any) -> requests.Response:
        try:
            answer = self.web.request(method, url, timeout=SECONDS, **more)
        except requests.RequestException as error:
            raise Unreachable(f"keycloak: {self.access.url} did not answer ({type(error).__name__}).") from error
        if answer.status_code >= 500:
            raise Unreachable(f"keycloak: {self.access.url} answered with {answer.status_code}.")
        return answer
