"""What the gateways of all services share: calls that raise our errors, lists that follow pages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from keystoneauth1 import discover
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session

from waldur_core.operations.errors import NotFound, Unreachable
from waldur_openstack.cloud.counting import count_call
from waldur_openstack.cloud.errors import concealed, from_response, secrets_in, translated
from waldur_openstack.cloud.session import Credentials, authentication, connection_pool

JSON = dict[str, Any]
INTERFACE = "public"


class Gateway:
    """One OpenStack service as one project sees it. Bodies and answers are the plain JSON of the API reference."""

    service_type: ClassVar[str]
    min_version: ClassVar[str]
    max_version: ClassVar[str]
    page_size: ClassVar[int] = 1000
    probe: ClassVar[str]  # a collection that is cheap to ask for

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.auth = authentication(credentials)
        self.adapter = Adapter(
            connection_pool(credentials.auth_url, credentials.verify),
            auth=self.auth,
            service_type=self.service_type,
            interface=INTERFACE,
            region_name=credentials.region or None,
            min_version=self.min_version,
            max_version=self.max_version,
        )

    def call(self, method: str, path: str, *, microversion: str | None = None, **kwargs: Any) -> Any:
        """One request; returns the decoded body, None when there is none. Raises OperationError."""
        count_call()
        what = f"{self.service_type} {method} {path.split('?')[0]}"
        headers = {"Accept": "application/json", **kwargs.pop("headers", {})}  # else some errors are HTML pages
        # keystoneauth would log whole bodies, and services quote what they were sent
        options = {"headers": headers, "microversion": microversion, "raise_exc": False, "log": False, **kwargs}
        with self.guarded(what, kwargs.get("json")):
            response = self.adapter.request(path, method, **options)
            if response.status_code == 404 and not self._asked_in_the_right_place(response):
                raise Unreachable(f"{what}: the versions of the service could not be read.")
            if response.status_code >= 400:
                raise from_response(what, response)
        return response.json() if response.content else None

    def _asked_in_the_right_place(self, response: Any) -> bool:
        """keystoneauth guesses the base URL when it cannot read a service's versions: a 404 there says nothing."""
        endpoint = self.auth.get_endpoint_data(
            self.adapter.session,
            service_type=self.service_type,
            interface=INTERFACE,
            region_name=self.adapter.region_name,
            min_version=self.min_version,
            max_version=self.max_version,
            discover_versions=False,  # as a request does: what is known already costs no call
        )
        base = endpoint.url if endpoint and endpoint.api_version else None
        return bool(base and response.request.url.startswith(base.rstrip("/")))

    @contextmanager
    def guarded(self, what: str, body: Any = None) -> Iterator[None]:
        """Errors inside become ours, without the secrets that were sent."""
        with concealed({self.credentials.password, *secrets_in(body)}), translated(what, self.credentials.project_id):
            yield

    def get(self, path: str, *, microversion: str | None = None, **params: Any) -> Any:
        return self.call("GET", path, params=_clean(params), microversion=microversion)

    def post(self, path: str, body: Mapping[str, Any], *, microversion: str | None = None) -> Any:
        return self.call("POST", path, json=body, microversion=microversion)

    def put(self, path: str, body: Mapping[str, Any] | None = None, *, microversion: str | None = None) -> Any:
        return self.call("PUT", path, json=body, microversion=microversion)

    def delete(self, path: str, *, microversion: str | None = None, **params: Any) -> None:
        """Delete; an object that is gone already is what we wanted."""
        try:
            self.call("DELETE", path, params=_clean(params), microversion=microversion)
        except NotFound:
            return

    def find(self, path: str, key: str, *, microversion: str | None = None) -> JSON | None:
        """One object by id, or None when the cloud does not know it."""
        try:
            return self.get(path, microversion=microversion)[key]
        except NotFound:
            return None

    def pages(self, path: str, key: str, *, microversion: str | None = None, **params: Any) -> Iterator[JSON]:
        """Every object of a collection, as few pages as the service allows."""
        for page in self.page_by_page(path, key, microversion=microversion, **params):
            yield from page

    def page_by_page(
        self, path: str, key: str, *, microversion: str | None = None, **params: Any
    ) -> Iterator[list[JSON]]:
        """A collection page after page; each is asked for when it is wanted."""
        params.setdefault("limit", self.page_size)
        while True:
            body = self.get(path, microversion=microversion, **params)
            items = body[key]
            yield items
            if not items or not has_more(body):
                return
            params["marker"] = items[-1]["id"]

    def check(self) -> None:
        """Raise unless the catalogue has this service and the service answers us."""
        self.get(self.probe, limit=1)

    def is_offered(self) -> bool:
        """Whether the service catalogue has this service."""
        with self.guarded(f"{self.service_type} endpoint"):
            catalogue = self.auth.get_access(self.adapter.session).service_catalog
        return bool(catalogue.get_endpoints(service_type=self.service_type).get(self.service_type))

    def supports(self, microversion: str) -> bool:
        """Whether the service offers this microversion."""
        pool, adapter = self.adapter.session, self.adapter
        # real Cinder shows its versions only to those it knows, and discovery asks the session who it is
        known = Session(
            auth=adapter.auth,
            session=pool.session,
            verify=pool.verify,
            timeout=pool.timeout,
            discovery_cache=pool._discovery_cache,
        )
        with self.guarded(f"{self.service_type} version discovery"):
            data = known.get_endpoint_data(
                service_type=adapter.service_type,
                interface=adapter.interface,
                region_name=adapter.region_name,
                min_version=adapter.min_version,
                max_version=adapter.max_version,
            )
        return bool(
            data
            and data.max_microversion
            and discover.version_between(data.min_microversion, data.max_microversion, microversion)
        )


def has_more(body: JSON) -> bool:
    """Glance names the next page, the others give links: `networks_links`, but `volume_type_links` for the types."""
    links = [link for key, value in body.items() if key.endswith("_links") for link in value]
    return bool(body.get("next")) or any(link["rel"] == "next" for link in links)


def as_text(moment: datetime) -> str:
    """A moment in the form that all services take: UTC, whole seconds, no offset."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _clean(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("__", ":"): value for name, value in params.items() if value is not None}
