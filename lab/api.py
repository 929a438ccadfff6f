"""Just enough of an OpenStack client to fill the cloud and to ask for its health."""

import json
import urllib.error
import urllib.request
from typing import Any

from lab.cloud import APIS, SECRET, Cloud
from lab.report import LabError

TIMEOUT = 60


def answers(cloud: Cloud, api: str) -> bool:
    """Does a service answer at all? (300: a list of API versions; 401: it wants a token.)"""
    try:
        with urllib.request.urlopen(cloud.url(api, APIS[api].health), timeout=5) as response:
            return response.status in (200, 300)
    except urllib.error.HTTPError as error:
        return error.code in (300, 401)
    except OSError:
        return False


class Api:
    """The admin's session in one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self.keystone = cloud.auth_url
        self.nova = cloud.url("nova-api", "/v2.1")
        self.neutron = cloud.url("neutron", "/v2.0")
        self.glance = cloud.url("glance", "/v2")
        domain = {"name": "Default"}
        user = {"name": "admin", "password": SECRET, "domain": domain}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "admin", "domain": domain}},
            }
        }
        self._headers = {"Content-Type": "application/json"}
        headers, answer = self._request("POST", f"{self.keystone}/auth/tokens", json.dumps(body).encode())
        self._headers["X-Auth-Token"] = headers["X-Subject-Token"]
        self.cinder = cloud.url("cinder-api", f"/v3/{answer['token']['project']['id']}")

    def get(self, url: str) -> Any:
        return self._request("GET", url)[1]

    def post(self, url: str, body: dict[str, Any]) -> Any:
        return self._request("POST", url, json.dumps(body).encode())[1]

    def put(self, url: str, data: bytes | None = None, content_type: str = "application/json") -> None:
        self._request("PUT", url, data, {"Content-Type": content_type})

    def _request(
        self, method: str, url: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[Any, Any]:
        request = urllib.request.Request(url, data, {**self._headers, **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                text = response.read()
                return response.headers, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise LabError(f"{method} {url}: {error.code} {error.read().decode(errors='replace')}") from error
        except OSError as error:
            raise LabError(f"{method} {url}: {error}") from error
