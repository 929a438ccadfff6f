"""Secrets that are put in come out nowhere: a whole life is lived, then every place is searched for them."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.drive import drain
from tests.e2e import canaries
from tests.e2e.canaries import (
    BROKER_PASSWORD,
    CANARIES,
    CLOUD_PASSWORD,
    LOGIN_PASSWORD,
    TENANT_PASSWORD,
    USER_DATA,
    found_in,
)
from tests.e2e.fixtures import forget_tokens
from tests.e2e.market import ORDERS, Market
from tests.factories import client_of
from tests.module_database import db as db
from twins.openstack import OpenStackTwin
from waldur_core.operations.tasks import advance
from waldur_core.structure.models import AuthToken
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_openstack.notifications.configuration import Source
from waldur_openstack.notifications.listener import Listener

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
PEOPLE = ("member", "owner", "provider_owner", "staff")
BROKER = f"amqp://waldur:{BROKER_PASSWORD}@127.0.0.1:1//"
QUOTED = f"Bad request by admin/{CLOUD_PASSWORD}: {{}}"


class Life:
    """Everything happens that puts a secret somewhere: success, failure, retry, deletion; and all that is answered."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.answers: list[str] = []

    def live(self) -> None:
        self.sign_in()
        self.market.publish()
        self.fail_to_make_a_tenant()
        tenant = self.market.build_tenant(
            attributes={"name": "genome", "user_username": "genome-user", "user_password": TENANT_PASSWORD}
        )
        for name in ("sequencer", "doomed"):
            self.market.build_server(tenant, name=name, user_data=f"#cloud-config\npassword: {USER_DATA}\n")
        self.fail_to_make_a_server(tenant)
        self.market.terminate(Resource.objects.get(name="doomed"), action="force_destroy")
        self.break_the_connection()

    def sign_in(self) -> None:
        owner = self.market.owner
        owner.set_password(LOGIN_PASSWORD)
        owner.save()
        for password in (LOGIN_PASSWORD, LOGIN_PASSWORD + "?"):
            credentials = {"username": owner.username, "password": password}
            client_of(None).post("/api-auth/password/", credentials)

    def fail_to_make_a_tenant(self) -> None:
        """Keystone quotes the password of the new user, and that of the service account."""
        message = QUOTED.format(TENANT_PASSWORD)
        self.market.cloud.add_fault(service="identity", method="POST", path="/users$", status=400, message=message)
        order = self.market.order_tenant(attributes={"name": "unlucky", "user_password": TENANT_PASSWORD})
        drain()
        self.keep(self.market.get(self.market.owner, f"{ORDERS}{order.uuid.hex}/"))
        assert Order.objects.get(pk=order.pk).state == "erred"

    def fail_to_make_a_server(self, tenant: Any) -> None:
        text = f"password: {USER_DATA}"
        message = QUOTED.format(text)
        self.market.cloud.add_fault(service="compute", method="POST", path="/servers$", status=400, message=message)
        order = self.market.order_inside(tenant, "Instance", name="unlucky", user_data=text)
        drain()
        assert Order.objects.get(pk=order.pk).state == "erred"

    def break_the_connection(self) -> None:
        """The check of new connection details fails, and the cloud quotes them."""
        message = QUOTED.format("")
        self.market.cloud.add_fault(service="identity", method="POST", path="/auth/tokens", status=400, message=message)
        forget_tokens()
        offering = Offering.objects.get(name="Cloud")
        path = f"/api/marketplace-provider-offerings/{offering.uuid.hex}/update_integration/"
        attributes = {"password": CLOUD_PASSWORD, "tenant_name": "admin", "region": "RegionOne"}
        details = {"service_attributes": {**attributes, "notifications_url": BROKER}}
        self.keep(self.market.done(self.market.post(self.market.provider_owner, path, details), 200))
        drain()
        self.fail_to_listen(offering.scope)

    def fail_to_listen(self, service: Any) -> None:
        """The broker of the cloud's notifications is away; the listener says so."""
        service.refresh_from_db()
        source = Source.of(service)
        assert source and BROKER_PASSWORD in source.url
        listener = Listener(service, source)
        threading.Timer(0.5, listener.stopping.set).start()
        listener.receive()
        listener.state.disconnected(f"Connection to {source.url} has failed.")
        listener.state.write()

    def keep(self, body: Any) -> None:
        self.answers.append(str(body))


@pytest.fixture(scope="module")
def lived(db: None) -> Iterator[dict[str, str]]:
    """{place: all the text that is there} after a life."""
    forget_tokens()
    with (
        OpenStackTwin(port=0, admin_password=CLOUD_PASSWORD) as twin,
        canaries.everything_logged() as log,
    ):
        life = Life(Market(twin))
        life.live()
        send_what_waits_for_the_commit()
        places = {"answers of actions": "\n".join(life.answers)}
        for who in PEOPLE:
            user = getattr(life.market, who)
            places |= {f"{path} to {who}": body for path, body in canaries.answers_to(user).items()}
        places |= {"database": canaries.database(), "messages": canaries.messages(), "cache": canaries.cached()}
        assert twin.cloud
        tokens_of_the_cloud = [str(token["id"]) for token in twin.cloud.state.all("tokens")]
        places["tokens"] = "\n".join([*(token.key for token in AuthToken.objects.all()), *tokens_of_the_cloud])
        yield {**places, "log": log.getvalue()}


def send_what_waits_for_the_commit() -> None:
    """Nothing is ever committed here: the messages are sent as a commit would have them sent."""
    waiting, connection.run_on_commit = connection.run_on_commit, []
    for _, function, _ in waiting:
        function()


def test_a_life_leaves_much_to_search(lived: dict[str, str]) -> None:
    """Else the search would prove nothing."""
    assert advance.name in lived["messages"]
    assert "keystoneauth" in lived["log"]
    assert "Bad request by admin/***" in lived["database"]
    assert lived["cache"]
    assert len(lived) > 300


@pytest.mark.parametrize("place", ["database", "log", "messages", "cache", "answers of actions"])
def test_no_secret_is_kept_in_the_clear(lived: dict[str, str], place: str) -> None:
    assert found_in(lived[place], CANARIES) == []


@pytest.mark.parametrize("place", ["database", "log", "messages", "cache"])
def test_no_token_is_kept_in_the_clear(lived: dict[str, str], place: str) -> None:
    tokens = lived["tokens"].split()
    assert len(tokens) > len(PEOPLE)
    assert found_in(lived[place], tokens) == []


@pytest.mark.parametrize("who", PEOPLE)
def test_no_secret_is_told(lived: dict[str, str], who: str) -> None:
    told = {place: body for place, body in lived.items() if place.endswith(f" to {who}")}
    assert len(told) > 20
    leaks = {place: found_in(body, CANARIES) for place, body in told.items() if found_in(body, CANARIES)}
    assert all(may_read_user_data(place, who) for place in leaks), leaks
    assert not any(found_in(body, set(CANARIES) - {USER_DATA}) for body in told.values())


def may_read_user_data(place: str, who: str) -> bool:
    """Who manages a server reads back what he gave it to start with; nobody else does, and nowhere else."""
    where = place.startswith("api/openstack-instances/") or "/details/" in place
    return where and who in ("owner", "staff")
