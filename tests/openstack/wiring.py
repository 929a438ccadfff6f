"""Networks, subnets and routers over HTTP, and what must not change when a request is refused."""

from typing import Any

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import usages
from waldur_core.operations.models import Operation
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Network, Port, Router, SubNet, Tenant

PATHS: dict[Any, str] = {
    Network: "/api/openstack-networks/",
    SubNet: "/api/openstack-subnets/",
    Router: "/api/openstack-routers/",
    Tenant: "/api/openstack-tenants/",
}
SINGULAR: dict[Any, str] = {Network: "network", SubNet: "subnet", Router: "router", Port: "port"}


def url_of(obj: Any, action: str = "") -> str:
    return f"{PATHS[type(obj)]}{obj.uuid.hex}/{action and action + '/'}"


def link(obj: Any) -> str:
    return f"http://testserver{url_of(obj)}"


def post(cast: Cast, obj: Any, action: str, body: Any = None) -> Any:
    return client_of(cast.admin).post(url_of(obj, action), body or {}, format="json")


def patch(cast: Cast, obj: Any, body: Any) -> Any:
    return client_of(cast.admin).patch(url_of(obj), body, format="json")


def delete(cast: Cast, obj: Any) -> Any:
    return client_of(cast.admin).delete(url_of(obj))


def shown(cast: Cast, obj: Any) -> Any:
    return client_of(cast.member).get(url_of(obj)).json()


def made(answer: Any, model: Any, status: int = 201) -> Any:
    """What the request asked for, once it is real."""
    assert answer.status_code == status, answer.content
    drain()
    row = model.objects.get(uuid=answer.json()["uuid"])
    assert row.state == CoreState.OK, row.error_message
    return row


def done(answer: Any, obj: Any, status: int = 202) -> Any:
    """The row after what was scheduled for it."""
    assert answer.status_code == status, answer.content
    drain()
    obj.refresh_from_db()
    assert obj.state == CoreState.OK, obj.error_message
    return obj


def gone(answer: Any, obj: Any) -> None:
    assert (answer.status_code, answer.content) == (204, b""), answer.content
    drain()
    assert not type(obj).objects.filter(pk=obj.pk).exists()


def in_cloud(obj: Any) -> Any:
    return Cloud.of(obj.service_settings).network.show(SINGULAR[type(obj)], obj.backend_id)


def make_network(cast: Cast, tenant: Tenant, **body: Any) -> Network:
    network: Network = made(post(cast, tenant, "create_network", {"name": "net", **body}), Network)
    return network


def make_subnet(cast: Cast, network: Network, **body: Any) -> SubNet:
    subnet: SubNet = made(post(cast, network, "create_subnet", {"name": "sub", **body}), SubNet)
    return subnet


def make_router(cast: Cast, tenant: Tenant, **body: Any) -> Router:
    answer = client_of(cast.admin).post(PATHS[Router], {"name": "way", "tenant": link(tenant), **body})
    router: Router = made(answer, Router)
    return router


def state_of(tenant: Tenant) -> Any:
    """What a refused request must not change."""
    columns = [
        list(model.objects.filter(tenant=tenant).order_by("pk").values()) for model in (Network, SubNet, Router, Port)
    ]
    return usages(tenant), columns, Operation.objects.count()
