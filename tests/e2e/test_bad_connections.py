"""A cloud that cannot be used is never on sale, and its provider is told why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.drive import drain
from tests.e2e.certificates import make_certificate
from tests.e2e.estate import Estate
from tests.e2e.market import OFFERINGS, ORDERS
from twins.openstack import OpenStackTwin
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Offering

REFUSED = "Keystone: the cloud refuses the credentials of the service account."
NO_ADMIN = "The service account is no administrator of the cloud: it may not manage projects."
NOT_TRUSTED = (
    "Keystone: the TLS certificate of the cloud is not trusted ({}). "
    "Renew it, give its CA as `certificate`, or turn off `verify_ssl` for tests."
)
KEYSTONE = "Give the URL of Keystone, such as https://keystone.example.com:5000/v3."
NOWHERE = "5b3c3e6e-0000-4000-8000-000000000000"


def check_until_the_deadline() -> None:
    """One try, and then the half minute is over in which a cloud may be silent."""
    for operation in Operation.objects.filter(state__in=Operation.LIVE):
        Runner().advance(operation.uuid.hex)
    Operation.objects.filter(state__in=Operation.LIVE).update(deadline=timezone.now())
    drain()


def connect(estate: Estate, **changes: Any) -> ServiceSettings:
    """A Draft that shall be reached by what `changes` say, after the check."""
    body = estate.offering_body(name="Broken", service_attributes=estate.connection(**changes))
    estate.done(estate.post(estate.provider_owner, OFFERINGS, body))
    check_until_the_deadline()
    return ServiceSettings.objects.get(name="Broken")


def activate(estate: Estate) -> Any:
    uuid = Offering.objects.get(name="Broken").uuid.hex
    return estate.post(estate.provider_owner, f"{OFFERINGS}{uuid}/activate/")


def tenant_user(estate: Estate) -> dict[str, str]:
    tenant = estate.tenant
    return {"username": tenant.user_username, "password": tenant.user_password, "tenant_name": tenant.name}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"backend_url": "http://127.0.0.1:1/v3"}, "Keystone: the cloud cannot be reached (Connection refused)."),
        ({"password": "wrong"}, REFUSED),
        ({"username": "nobody"}, REFUSED),
        ({"tenant_name": "nowhere"}, REFUSED),
        ({"domain": "nowhere"}, REFUSED),
        (tenant_user, NO_ADMIN),
        ({"external_network_id": NOWHERE}, f"The cloud has no network {NOWHERE}: correct external_network_id."),
        (
            lambda estate: {"external_network_id": estate.tenant.internal_network_id},
            "Network genome-int-net is not external: correct external_network_id.",
        ),
    ],
    ids=["nobody listens", "password", "user", "project", "domain", "no administrator", "no network", "not external"],
)
def test_a_connection_that_does_not_work(
    estate: Estate, changes: dict[str, str] | Callable[[Estate], dict[str, str]], reason: str
) -> None:
    before = estate.traces()["changes in the cloud"]
    service = connect(estate, **(changes(estate) if callable(changes) else changes))
    assert (service.state, service.error_message) == ("ERRED", reason)
    answer = activate(estate)
    expected = {"service_attributes": [f"The connection does not work: {reason}"]}
    assert (answer.status_code, answer.json()) == (400, expected)
    assert Offering.objects.get(name="Broken").state == "Draft"
    assert estate.traces()["changes in the cloud"] == before
    seen = estate.get(estate.provider_owner, f"/api/service-settings/{service.uuid.hex}/")
    assert (seen["state"], seen["error_message"]) == ("ERRED", reason)


@pytest.mark.parametrize(
    ("days_left", "trusted", "reason"),
    [
        (-1, True, NOT_TRUSTED.format("certificate has expired")),
        (30, False, NOT_TRUSTED.format("self-signed certificate")),
        (30, True, ""),
    ],
    ids=["expired", "of nobody we know", "good"],
)
def test_a_certificate(estate: Estate, tmp_path: Path, days_left: int, trusted: bool, reason: str) -> None:
    certificate, key = make_certificate(tmp_path, days_left)
    with OpenStackTwin(port=0, certfile=certificate, keyfile=key) as twin:
        trust = {"certificate": certificate.read_text()} if trusted else {}
        network = twin.client.external_network_id
        service = connect(estate, backend_url=twin.auth_url, external_network_id=network, **trust)
        assert service.error_message == reason
        assert activate(estate).status_code == (400 if reason else 200)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": None}, {"password": ["This field is required."]}),
        ({"password": ["secret"]}, {"password": ["Give a text."]}),
        ({"external_network_id": 5}, {"external_network_id": ["Give a text."]}),
        ({"verify_ssl": "no"}, {"verify_ssl": ["Give true or false."]}),
        ({"backend_url": "keystone"}, {"backend_url": [KEYSTONE]}),
        ({"backend_url": "ftp://keystone/v3"}, {"backend_url": [KEYSTONE]}),
        ({"backend_url": "http://[keystone/v3"}, {"backend_url": [KEYSTONE]}),
        ({"backend_url": "http://keystone:99999/v3"}, {"backend_url": [KEYSTONE]}),
    ],
)
def test_connection_details_that_make_no_sense(
    estate: Estate, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = estate.traces()
    body = estate.offering_body(service_attributes=estate.connection(**changes))
    answer = estate.post(estate.provider_owner, OFFERINGS, body)
    assert (answer.status_code, answer.json()) == (400, {"service_attributes": expected})
    path = f"{OFFERINGS}{estate.offering['uuid']}/update_integration/"
    answer = estate.post(estate.provider_owner, path, {"service_attributes": changes})
    assert (answer.status_code, answer.json()) == (400, {"service_attributes": expected})
    assert estate.traces() == before


def test_a_draft_without_a_connection_cannot_go_on_sale(estate: Estate) -> None:
    estate.draft(name="Broken", service_attributes={})
    reason = "The offering is not connected to a cloud yet."
    assert activate(estate).json() == {"service_attributes": [reason]}


def test_a_connection_that_is_being_checked_must_be_waited_for(estate: Estate) -> None:
    estate.done(estate.post(estate.provider_owner, OFFERINGS, estate.offering_body(name="Broken")))
    answer = activate(estate)
    reason = "The connection to the cloud is still being checked. Try again in a moment."
    assert (answer.status_code, answer.json()) == (409, {"detail": reason})


def test_a_corrected_connection_works(estate: Estate) -> None:
    assert connect(estate, password="wrong").state == "ERRED"
    offering = Offering.objects.get(name="Broken")
    path = f"{OFFERINGS}{offering.uuid.hex}/update_integration/"
    right = {"service_attributes": {"password": estate.twin.settings.admin_password}}
    assert estate.post(estate.provider_owner, path, right).status_code == 200
    drain()
    service = ServiceSettings.objects.get(name="Broken")
    assert (service.state, service.error_message) == ("OK", "")
    assert activate(estate).status_code == 200


def test_a_connection_that_breaks_takes_no_orders(estate: Estate) -> None:
    path = f"{OFFERINGS}{estate.offering['uuid']}/update_integration/"
    estate.done(estate.post(estate.provider_owner, path, {"service_attributes": {"password": "wrong"}}), 200)
    check_until_the_deadline()
    before = estate.traces()
    answer = estate.post(estate.owner, ORDERS, estate.tenant_order(attributes={"name": "new"}))
    reason = "The cloud of this offering is not available at present."
    assert (answer.status_code, answer.json()) == (400, {"offering": [reason]})
    assert estate.traces() == before
