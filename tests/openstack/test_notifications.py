"""Notifications of clouds as they are on the wire: what they hint at, what is dropped, how hints wait."""

import json
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from waldur_mastermind.marketplace_openstack.connection import validate_attributes
from waldur_openstack.notifications.configuration import Source
from waldur_openstack.notifications.hints import Hint, hints_in
from waldur_openstack.notifications.messages import MalformedError, Notification, parse
from waldur_openstack.notifications.pending import Pace, Pending

SERVER, VOLUME, PORT = (f"{digit * 8}-1111-4111-a111-111111111111" for digit in "abc")
PROJECT = "d" * 32
NOVA = {
    "nova_object.name": "InstanceUpdatePayload",
    "nova_object.namespace": "nova",
    "nova_object.version": "1.8",
    "nova_object.data": {"uuid": SERVER, "tenant_id": PROJECT, "display_name": "web", "state": "active"},
}


def message(event_type: str, payload: Any) -> dict[str, Any]:
    return {
        "message_id": "9f0b0a4e-1a0b-4a55-9b4a-5d0a1cf9d1c2",
        "publisher_id": "nova-compute:compute-1",
        "timestamp": "2026-01-31 12:00:00.123456",
        "priority": "INFO",
        "event_type": event_type,
        "payload": payload,
    }


def wrapped(event_type: str, payload: Any) -> bytes:
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(message(event_type, payload))}).encode()


@pytest.mark.parametrize(
    ("event_type", "payload", "hints"),
    [
        ("instance.update", NOVA, [Hint("instance", SERVER, PROJECT)]),
        ("instance.delete.end", NOVA, [Hint("instance", SERVER, PROJECT)]),
        ("instance.create.start", NOVA, []),
        ("instance.exists", NOVA, []),
        (
            "compute.instance.create.end",
            {"instance_id": SERVER, "tenant_id": PROJECT},
            [Hint("instance", SERVER, PROJECT)],
        ),
        (
            "server_group.create",
            {"nova_object.data": {"uuid": SERVER, "project_id": PROJECT}},
            [Hint("server_group", SERVER, PROJECT)],
        ),
        ("volume.resize.end", {"volume_id": VOLUME, "tenant_id": PROJECT}, [Hint("volume", VOLUME, PROJECT)]),
        (
            "snapshot.delete.end",
            {"snapshot_id": VOLUME, "volume_id": SERVER, "tenant_id": PROJECT},
            [Hint("snapshot", VOLUME, PROJECT)],
        ),
        ("port.update.end", {"port": {"id": PORT, "project_id": PROJECT}}, [Hint("port", PORT, PROJECT)]),
        ("port.delete.end", {"port_id": PORT}, [Hint("port", PORT)]),
        ("floatingip.delete.end", {"floatingip_id": PORT}, [Hint("floating_ip", PORT)]),
        (
            "network.create.end",
            {"networks": [{"id": PORT, "tenant_id": PROJECT}, {"id": VOLUME, "tenant_id": PROJECT}]},
            [Hint("network", PORT, PROJECT), Hint("network", VOLUME, PROJECT)],
        ),
        (
            "router.interface.create",
            {"router_interface": {"id": SERVER, "port_id": PORT, "subnet_id": VOLUME, "tenant_id": PROJECT}},
            [Hint("router", SERVER, PROJECT), Hint("port", PORT, PROJECT), Hint("subnet", VOLUME, PROJECT)],
        ),
        (
            "security_group_rule.create.end",
            {"security_group_rule": {"id": PORT, "security_group_id": VOLUME, "project_id": PROJECT}},
            [Hint("security_group", VOLUME, PROJECT)],
        ),
        ("security_group_rule.delete.end", {"security_group_rule_id": PORT}, [Hint("security_group_rule", PORT)]),
        (
            "servergroup.create",
            {"server_group_id": SERVER, "project_id": PROJECT},
            [Hint("server_group", SERVER, PROJECT)],
        ),
        (
            "rbac_policy.create.end",
            {"rbac_policy": {"id": PORT, "project_id": PROJECT}},
            [Hint("rbac_policy", PORT, PROJECT)],
        ),
        ("volume.retype", {"volume_id": VOLUME, "tenant_id": PROJECT}, [Hint("volume", VOLUME, PROJECT)]),
        ("network.create.start", {"network": {"name": "net"}}, []),
        ("identity.project.updated", {"resource_info": PROJECT}, [Hint("project", "")]),
        ("identity.user.created", {"resource_info": PROJECT}, []),
        ("image.update", {"id": SERVER}, []),
        ("scheduler.select_destinations.end", {"request_spec": {}}, []),
        ("dns.zone.create", {"id": SERVER}, []),
        ("", {}, []),
    ],
)
def test_a_notification_hints_at_its_objects(event_type: str, payload: Any, hints: list[Hint]) -> None:
    assert hints_in(parse(wrapped(event_type, payload))) == hints
    assert hints_in(parse(json.dumps(message(event_type, payload)))) == hints  # without envelope, as old clouds send it


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xfe", b"no json", b"[]", b"null", b'"text"', b"{}", b'{"oslo.message": {}}',
        b'{"oslo.message": "["}', b'{"event_type": 1, "payload": {}}', b'{"event_type": "a.b"}',
        b'{"event_type": "a.b", "payload": []}', b"[" * 100000, b'"' + b"x" * 1100000 + b'"',
    ],
)  # fmt: skip
def test_what_is_no_notification_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(body)


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("instance.update", {"nova_object.data": {"uuid": "../../os-services"}}),
        ("instance.update", {"nova_object.data": {"uuid": SERVER + "/action"}}),
        ("instance.update", {"nova_object.data": "text"}),
        ("volume.update.end", {"volume_id": 1}),
        ("port.update.end", {"port": None}),
        ("port.update.end", {"ports": [1]}),
        ("port.delete.end", {}),
        ("security_group_rule.create.end", {"security_group_rule": {"id": PORT}}),
        ("router.interface.delete", {}),
    ],
)
def test_what_names_no_object_is_malformed(event_type: str, payload: Any) -> None:
    with pytest.raises(MalformedError):
        hints_in(Notification(event_type, payload))


def test_a_project_that_is_none_is_as_good_as_none() -> None:
    data = {"nova_object.data": {"uuid": SERVER, "tenant_id": {"a": 1}}}
    assert hints_in(Notification("instance.update", data)) == [Hint("instance", SERVER)]


# waiting ----------------------------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_storm_of_one_object_is_read_once_and_then_at_a_measured_pace() -> None:
    clock = Clock()
    pending = Pending(Pace(pause=0.5, again=2.0), clock)
    hint = Hint("instance", SERVER)
    assert pending.add(hint) == ""
    assert [pending.add(Hint("instance", SERVER, PROJECT)) for _ in range(50)] == ["coalesced"] * 50
    assert pending.take(timeout=0) is None
    clock.now += 0.5
    assert pending.take(timeout=0) == hint
    assert pending.add(hint) == ""
    clock.now += 1.9
    assert pending.take(timeout=0) is None
    clock.now += 0.2
    assert pending.take(timeout=0) == hint
    assert len(pending) == 0


def test_no_more_reads_a_second_than_the_cloud_can_bear() -> None:
    clock = Clock()
    pending = Pending(Pace(pause=0, rate=10), clock)
    for number in range(100):
        pending.add(Hint("port", f"{number:032}"))
    taken = 0
    for _ in range(1000):  # one second
        taken += pending.take(timeout=0) is not None
        clock.now += 0.001
    assert taken == 10


def test_what_comes_first_is_read_first_and_the_rest_is_dropped() -> None:
    clock = Clock()
    pending = Pending(Pace(pause=0, most=2, storm=2), clock)
    first, second, third = (Hint("port", f"{number:032}") for number in range(3))
    assert [pending.add(hint) for hint in (first, second, third)] == ["", "", "dropped"]
    assert pending.is_storm
    assert pending.take(timeout=0) == first
    assert not pending.is_storm
    assert pending.take_all() == [second]
    assert len(pending) == 0


# options ----------------------------------------------------------------------------------------------------------

CONNECTION = {"backend_url": "https://cloud/v3", "username": "admin", "password": "secret", "tenant_name": "admin"}


@pytest.mark.parametrize(
    "url",
    ["amqp://user:secret@rabbit.example.com:5672/vhost", "amqps://rabbit.example.com", "rabbit://u:p@10.0.0.1:5672/"],
)
def test_addresses_of_brokers(url: str) -> None:
    names = {"notifications_exchanges": ["nova"], "notifications_topics": ["notifications.waldur"]}
    validate_attributes({**CONNECTION, **names, "notifications_url": url, "notifications_queue": "waldur"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notifications_url", "http://rabbit.example.com"),
        ("notifications_url", "filesystem://localhost"),
        ("notifications_url", "amqp://"),
        ("notifications_url", "amqp://host:port"),
        ("notifications_url", 5),
        ("notifications_url", "amqp://host/" + "x" * 1000),
        ("notifications_exchanges", "nova"),
        ("notifications_exchanges", ["nova", ""]),
        ("notifications_exchanges", [1]),
        ("notifications_topics", {"a": 1}),
        ("notifications_topics", ["#"]),
        ("notifications_queue", "with space"),
        ("notifications_queue", ["a"]),
    ],
)
def test_wrong_options_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        validate_attributes({**CONNECTION, name: value})
    detail: Any = refusal.value.detail
    assert list(detail["service_attributes"]) == [name]


def test_a_cloud_without_a_broker_has_no_source() -> None:
    from waldur_core.structure.models import ServiceSettings

    assert Source.of(ServiceSettings(secret_options=CONNECTION)) is None
    source = Source.of(ServiceSettings(secret_options={**CONNECTION, "notifications_url": "rabbit://u:p@host/v"}))
    assert source and (source.url, "nova" in source.exchanges) == ("amqp://u:p@host/v", True)
