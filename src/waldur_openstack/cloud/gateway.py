"""What the gateways of all services share: calls that raise our errors, lists that follow pages."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from keystoneauth1 import discover
from keystoneauth1.adapter import Adapter

from waldur_core.operations.errors import NotFound
from waldur_openstack.cloud.errors import from_response, translated
from waldur_openstack.cloud.session import Credentials, authentication, connection_pool

JSON = dict[str, Any]


class Gateway:
    """One OpenStack service as one project sees it. Bodies and answers are the plain JSON of the API reference."""

    service_type: ClassVar[str]
    min_version: ClassVar[str]
    max_version: ClassVar[str]
    page_size: ClassVar[int] = 1000
    probe: ClassVar[str]  # a collection that is cheap to ask for

    def __init__(self, credentials: Credentials) -> None:
        self.adapter = Adapter(
            connection_pool(credentials.auth_url, credentials.verify),
            auth=authentication(credentials),
            service_type=self.service_type,
            interface="public",
            region_name=credentials.region or None,
            min_version=self.min_version,
            max_version=self.max_version,
        )

    def call(self, method: str, path: str, *, microversion: str | None = None, **kwargs: Any) -> Any:
        """One request; returns the decoded body, None when there is none. Raises OperationError."""
        what = f"{self.service_type} {method} {path.split('?')[0]}"
        with translated(what):
            response = self.adapter.request(path, method, microversion=microversion, raise_exc=False, **kwargs)
        if response.status_code >= 400:
            raise from_response(what, response)
        return response.json() if response.content else None

    def get(self, path: str, *, microversion: str | None = None, **params: Any) -> Any:
        return self.call("GET", path, params=_clean(params), microversion=microversion)

    def post(self, path: str, body: Mapping[str, Any], *, microversion: str | None = None) -> Any:
        return self.call("POST", path, json=body, microversion=microversion)

    def put(self, path: str, body: Mapping[str, Any] | None = None, *, microversion: str | None = None) -> Any:
        return self.call("PUT", path, json=body, microversion=microversion)

    def delete(self, path: str, **params: Any) -> None:
        """Delete; an object that is gone already is what we wanted."""
        try:
            self.call("DELETE", path, params=_clean(params))
        except NotFound:
            return

    def find(self, path: str, key: str, *, microversion: str | None = None) -> JSON | None:
        """One object by id, or None when the cloud does not know it."""
        try:
            return self.get(path, microversion=microversion)[key]
        except NotFound:
            return None

    def pages(self, path: str, key: str, *, microversion: str | None = None, **params: Any) -> Iterator[JSON]:
        """Every object of a collection, page after page, as few pages as the service allows."""
        params.setdefault("limit", self.page_size)
        while True:
            body = self.get(path, microversion=microversion, **params)
            items = body[key]
            yield from items
            more = body.get(f"{key}_links") or body.get("next")
            if not items or not more or (isinstance(more, list) and all(link["rel"] != "next" for link in more)):
                return
            params["marker"] = items[-1]["id"]

    def check(self) -> None:
        """Raise unless the catalogue has this service and the service answers us."""
        self.get(self.probe, limit=1)

    def supports(self, microversion: str) -> bool:
        """Whether the service offers this microversion."""
        with translated(f"{self.service_type} version discovery"):
            data = self.adapter.get_endpoint_data()
        return bool(
            data
            and data.max_microversion
            and discover.version_between(data.min_microversion, data.max_microversion, microversion)
        )


def _clean(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("__", ":"): value for name, value in params.items() if value is not None}
