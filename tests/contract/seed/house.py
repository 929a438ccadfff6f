"""A tenant in a cloud, simulated or real, and the way to ask for things in it."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rest_framework.test import APIClient

from tests.contract.seed.rows import Row
from tests.contract.stage import Site, unique
from tests.contract.test_workflows import connect, remove_tenant
from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import build_instance, build_tenant, build_volume
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import FloatingIP, Instance, Network, Port, SubNet, Tenant, Volume

Call = Callable[..., Any]


class House:
    """Rows share a tenant and a server; each leaves them as it has found them."""

    def __init__(self, site: Site, later: ExitStack) -> None:
        self.site, self.later, self.cast = site, later, Cast()
        self.service = connect(site)
        self.tenant = self.new_tenant()
        self._server: Instance | None = None

    def new_tenant(self) -> Tenant:
        tenant = build_tenant(self.service, self.cast.project, self.cast.owner, name=unique("tenant"))
        self.later.callback(remove_tenant, self.site, tenant)
        return tenant

    @property
    def cloud(self) -> Cloud:
        return self.site.admin.in_project(self.tenant.backend_id)

    @property
    def server(self) -> Instance:
        if self._server is None:
            self._server = build_instance(self.tenant, self.cast.owner, name=unique("server"), floating_ips=[])
        self._server.refresh_from_db()
        return self._server

    def server_in(self, status: str) -> Instance:
        """The server, started or stopped for the purpose."""
        if self.server.runtime_state != status:
            self.act(self.server, "start" if status == "ACTIVE" else "stop")
        assert self.server.runtime_state == status
        return self.server

    def new_server(self) -> Instance:
        return build_instance(self.tenant, self.cast.owner, name=unique("server"), floating_ips=[])

    def volume(self, **attributes: Any) -> Volume:
        return build_volume(self.tenant, self.cast.owner, name=unique("volume"), **attributes)

    @property
    def subnet(self) -> SubNet:
        return self.tenant.subnets.order_by("pk")[0]

    @property
    def port(self) -> Port:
        return self.server.ports.order_by("pk")[0]

    def floating_ip(self) -> FloatingIP:
        made = self.make("floating-ips", {"tenant": self.link(self.tenant)})
        return FloatingIP.objects.get(uuid=made["uuid"])

    def network(self) -> Network:
        made = self.make("networks", {"tenant": self.link(self.tenant), "name": unique("network")})
        return Network.objects.get(uuid=made["uuid"])

    # asking --------------------------------------------------------------------------------------------------------

    @property
    def owner(self) -> APIClient:
        return client_of(self.cast.owner)

    @property
    def staff(self) -> APIClient:
        return client_of(self.cast.staff)

    def link(self, obj: Any) -> str:
        kind = KINDS.get(type(obj).__name__, type(obj).__name__.lower() + "s")
        return f"http://testserver/api/{kind}/{obj.uuid.hex}/"

    def make(self, kind: str, body: dict[str, Any]) -> Any:
        """What the API shows of the new object, once it is there."""
        answer = self.owner.post(f"/api/openstack-{kind}/", body)
        assert answer.status_code == 201, answer.content
        return self.finished(f"/api/openstack-{kind}/{answer.json()['uuid']}/")

    def act(self, obj: Any, action: str, body: Any = None) -> None:
        answer = self.owner.post(f"{self.link(obj)}{action}/", body or {})
        assert answer.status_code in (200, 202), answer.content
        self.settle()
        obj.refresh_from_db()

    def finished(self, path: str) -> Any:
        self.settle()
        shown = self.owner.get(path).json()
        assert shown["state"] == "OK", shown["error_message"]
        return shown

    def settle(self) -> None:
        drain(pause=0.01 if self.site.name == "twin" else 0.2)
        last = Operation.objects.order_by("-pk").first()
        assert last is None or last.state == Operation.State.DONE, f"{last}: {last.error_message}"

    def call(self, row: Row) -> Call:
        """Asks as the row says; variables of its path are keywords. Returns the JSON, once the work is done."""

        def ask(body: Any = None, *, by: APIClient | None = None, **variables: str) -> Any:
            path = row.path.format(**variables)
            answer = getattr(by or self.owner, row.method)(path, body)
            assert 200 <= answer.status_code < 300, answer.content
            if row.method != "get":
                self.settle()
            return answer.json() if answer.content else None

        return ask


KINDS = (
    {
        "Project": "projects",
        "ServiceSettings": "service-settings",
        "SecurityGroup": "openstack-security-groups",
        "ServerGroup": "openstack-server-groups",
        "FloatingIP": "openstack-floating-ips",
        "VolumeType": "openstack-volume-types",
    }
    | {
        name: f"openstack-{name.lower()}s"
        for name in (
            "Tenant",
            "Instance",
            "Volume",
            "Snapshot",
            "Backup",
            "Network",
            "SubNet",
            "Router",
            "Port",
            "Flavor",
        )
    }
    | {"Image": "openstack-images"}
)
