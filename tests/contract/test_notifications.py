"""What both clouds say of a change: the same objects, in the same shapes, and the simulated one says no more."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from kombu import Connection, Consumer, Queue

from tests.components import LAB_BROKER, needs
from tests.contract.stage import Room, Site, eventually, unique
from twins.openstack import OpenStackTwin
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.notifications.configuration import EXCHANGES, TOPICS
from waldur_openstack.notifications.hints import Hint, hints_in
from waldur_openstack.notifications.listener import exists
from waldur_openstack.notifications.messages import Notification, parse

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
QUIET = {"twin": 0.3, "lab": 0.7}  # seconds without a message, after which nothing more is expected


@dataclass
class Ear:
    """Hears what is said of a project, or of an object whose id is in `ids`."""

    url: str
    prefix: str
    quiet: float
    ids: set[str] = field(default_factory=set)

    def __enter__(self) -> "Ear":
        self.broker = Connection(self.url)
        self.queue = Queue(f"test-{uuid4().hex}", channel=self.broker.default_channel, exclusive=True, durable=False)
        self.queue.queue_declare()
        self.heard: list[tuple[str, Notification]] = []
        self.consumer = Consumer(self.broker.default_channel, [self.queue], on_message=self.on_message, no_ack=True)
        self.consumer.consume()
        self.bound: set[str] = set()
        return self

    def __exit__(self, *_: Any) -> None:
        self.broker.release()

    def bind(self) -> None:
        """A service makes its exchange with its first message."""
        for name in {self.prefix + name for name in EXCHANGES} - self.bound:
            if exists(self.broker, name):
                self.bound.add(name)
                for topic in TOPICS:
                    self.queue.bind_to(name, f"{topic}.*")

    def on_message(self, message: Any) -> None:
        if any(key in str(message.body) for key in self.ids):
            self.heard.append((message.delivery_info["routing_key"], parse(message.body)))

    def listen(self) -> list[tuple[str, Notification]]:
        """What has been said since the last time, once there is silence."""
        end = time.monotonic() + self.quiet
        while time.monotonic() < end:
            before = len(self.heard)
            try:
                self.broker.drain_events(timeout=0.1)
            except TimeoutError:
                continue
            if len(self.heard) > before:
                end = time.monotonic() + self.quiet
        heard, self.heard = self.heard, []
        return [(topic, said) for topic, said in heard if not said.event_type.endswith(".start")]


Said = dict[str, list[tuple[str, Notification]]]  # what was done: what was said


class Administrator:
    """Does one thing after the other, and notes what is said of it."""

    def __init__(self, site: Site, ear: Ear, later: ExitStack) -> None:
        self.site, self.ear, self.room = site, ear, Room(site, later)
        self.network, self.said = site.cloud.network, Said()
        ear.ids |= {site.project_id}

    def do(self, what: str, act: Callable[[], Any]) -> Any:
        found = act()
        self.said[what] = self.ear.listen()
        return found

    def warm_up(self) -> None:
        """Each service says something, so that it has an exchange."""
        self.network.remove("network", self.network.create("network", name=unique())["id"])
        self.site.admin.identity.delete_project(self.site.admin.identity.create_project(name=unique())["id"])
        with ExitStack() as later:
            Room(self.site, later).volume()
        self.ear.listen()
        self.ear.bind()

    def work(self) -> Said:
        self.warm_up()
        self.work_on_projects()
        network = self.do("network create", lambda: self.network.create("network", name=unique()))
        subnet = self.work_on_networks(network["id"])
        port = self.work_on_ports(network["id"])
        self.work_on_routers(subnet["id"], port["id"])
        self.work_on_groups()
        self.work_on_volumes()
        self.work_on_servers(port["id"])
        self.do("port delete", lambda: self.network.remove("port", port["id"]))
        self.do("network delete", lambda: self.network.remove("network", network["id"]))
        return self.said

    def work_on_projects(self) -> None:
        identity = self.site.admin.identity

        def make() -> JSON:
            made = identity.create_project(name=unique())
            self.ear.ids.add(made["id"])
            return made

        project = self.do("project create", make)
        self.do("project rename", lambda: identity.update_project(project["id"], name=unique()))
        self.do("project delete", lambda: identity.delete_project(project["id"]))

    def work_on_networks(self, network: str) -> JSON:
        neutron = self.network
        self.do("network rename", lambda: neutron.update("network", network, name="renamed"))
        body = {"name": unique(), "network_id": network, "cidr": "10.7.0.0/24", "ip_version": 4}
        subnet: JSON = self.do("subnet create", lambda: neutron.create("subnet", **body))
        self.do("subnet change", lambda: neutron.update("subnet", subnet["id"], dns_nameservers=["10.0.0.2"]))
        policy = {"object_type": "network", "object_id": network, "action": "access_as_shared",
                  "target_tenant": self.site.project_id}  # fmt: skip
        made = self.do("policy create", lambda: neutron.create("rbac_policy", **policy))
        self.do("policy delete", lambda: neutron.remove("rbac_policy", made["id"]))
        return subnet

    def work_on_ports(self, network: str) -> JSON:
        port: JSON = self.do("port create", lambda: self.network.create("port", name=unique(), network_id=network))
        self.do("port rename", lambda: self.network.update("port", port["id"], name="renamed"))
        return port

    def work_on_routers(self, subnet: str, port: str) -> None:
        neutron, external = self.network, self.site.external_network_id
        router = self.do("router create", lambda: neutron.create("router", name=unique()))["id"]
        self.do("interface add", lambda: neutron.add_router_interface(router, subnet))
        gateway = {"network_id": external}
        self.do("gateway set", lambda: neutron.update("router", router, external_gateway_info=gateway))
        address = self.do("address create", lambda: neutron.create("floatingip", floating_network_id=external))["id"]
        self.do("address use", lambda: neutron.update("floatingip", address, port_id=port))
        self.do("address delete", lambda: neutron.remove("floatingip", address))
        interface = neutron.first("port", device_id=router, fixed_ips=f"subnet_id={subnet}")
        assert interface
        self.do("interface remove", lambda: neutron.remove_router_interface(router, interface["id"]))
        self.do("router delete", lambda: neutron.remove("router", router))

    def work_on_groups(self) -> None:
        neutron, compute = self.network, self.site.cloud.compute
        group = self.do("group create", lambda: neutron.create("security_group", name=unique()))["id"]
        rule = {"security_group_id": group, "direction": "ingress", "protocol": "tcp", "ethertype": "IPv4"}
        made = self.do("rule create", lambda: neutron.create("security_group_rule", **rule))
        ports = [{**rule, "port_range_min": port, "port_range_max": port} for port in (80, 443)]
        self.do("rules create", lambda: neutron.create_many("security_group_rule", ports))
        self.do("rule delete", lambda: neutron.remove("security_group_rule", made["id"]))
        self.do("group delete", lambda: neutron.remove("security_group", group))
        servers = self.do("server group create", lambda: compute.create_server_group(unique(), "affinity"))
        self.do("server group delete", lambda: compute.delete(f"/os-server-groups/{servers['id']}"))

    def work_on_volumes(self) -> None:
        storage, room = self.site.cloud.block_storage, self.room
        volume = self.do("volume create", room.volume)["id"]
        self.do("volume rename", lambda: storage.update_volume(volume, name="renamed"))

        def extend() -> None:
            storage.extend_volume(volume, 2)
            room.volume_in(volume, "available")

        self.do("volume extend", extend)

        def copy() -> str:
            made = storage.create_snapshot(volume_id=volume, name=unique())["id"]
            eventually(lambda: (storage.snapshot(made) or {})["status"] == "available")
            return str(made)

        def remove() -> None:
            storage.delete_snapshot(snapshot)
            eventually(lambda: storage.snapshot(snapshot) is None)

        snapshot = self.do("snapshot create", copy)
        self.do("snapshot delete", remove)
        self.do("volume delete", lambda: room._remove_volume(volume))

    def work_on_servers(self, port: str) -> None:
        compute, room = self.site.cloud.compute, self.room
        volume = room.boot_volume()
        self.ear.listen()
        server = self.do("server create", lambda: room.active_server(
            networks=[{"port": port}], block_device_mapping_v2=[device_of(volume)]))["id"]  # fmt: skip
        self.do("server rename", lambda: compute.update_server(server, name="renamed"))

        def stop() -> None:
            compute.act(server, "os-stop")
            room.server_in(server, "SHUTOFF")

        self.do("server stop", stop)
        self.do("server delete", lambda: room.remove_server(server))


def device_of(volume: JSON) -> JSON:
    return {"uuid": volume["id"], "source_type": "volume", "destination_type": "volume", "boot_index": 0,
            "delete_on_termination": True}  # fmt: skip


def everything_said(site: Site, url: str, prefix: str) -> Said:
    with ExitStack() as later, Ear(url, prefix, QUIET[site.name]) as ear:
        return Administrator(site, ear, later).work()


@pytest.fixture(scope="module")
def real(lab_site: Site) -> Said:
    """In a project of its own: Nova still speaks of the servers that other tests keep in theirs."""
    known = lab_site.admin.credentials
    with ExitStack() as later:
        site = Site("lab", known.auth_url, known.password, later)
        return everything_said(site, needs(LAB_BROKER), "")


@pytest.fixture(scope="module")
def simulated() -> Iterator[Said]:
    url, prefix = needs("RabbitMQ"), f"test-{uuid4().hex[:8]}-"
    with OpenStackTwin(port=0, latency="fast", broker=url, exchange_prefix=prefix) as twin, ExitStack() as later:
        yield everything_said(Site("twin", twin.auth_url, twin.settings.admin_password, later), url, prefix)
    with Connection(url) as broker:
        for name in EXCHANGES:
            broker.default_channel.exchange_delete(prefix + name)


def words(said: list[tuple[str, Notification]]) -> set[str]:
    return {hint.word for _, item in said for hint in hints_in(item)}


def test_everything_that_an_administrator_does_is_told_and_understood(real: Said) -> None:
    silent = [what for what, said in real.items() if not words(said)]
    assert silent == []


def test_both_clouds_hint_at_the_same_kinds_of_objects(real: Said, simulated: Said) -> None:
    assert {what: words(said) for what, said in simulated.items()} == {what: words(said) for what, said in real.items()}


def test_the_twin_sends_no_event_that_the_real_cloud_does_not(real: Said, simulated: Said) -> None:
    def events(said: list[tuple[str, Notification]]) -> set[tuple[str, str]]:
        return {(topic, item.event_type) for topic, item in said}

    more = {what: extra for what, said in simulated.items() if (extra := events(said) - events(real[what]))}
    assert more == {}


def test_the_twin_has_no_field_that_the_real_cloud_does_not(real: Said, simulated: Said) -> None:
    shapes = shapes_of(real)
    more = {
        event: extra
        for event, fields in shapes_of(simulated).items()
        if (extra := {name: kinds for name, kinds in fields.items() if not kinds <= shapes[event].get(name, set())})
    }
    assert more == {}


def shapes_of(said: Said) -> dict[str, dict[str, set[str]]]:
    """By event: the paths in its payload, each with the types of its values; null goes with everything."""
    shapes: dict[str, dict[str, set[str]]] = {}
    for _, item in (one for all_of in said.values() for one in all_of):
        fields = shapes.setdefault(item.event_type, {})
        for path, value in leaves("", item.payload):
            fields.setdefault(path, set()).update({type(value).__name__} - {"NoneType"})
    return shapes


def leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict) and not path.endswith(("metadata", "extra_specs")):
        for name, inner in value.items():
            yield from leaves(f"{path}/{name}", inner)


def test_old_and_new_notifications_of_nova_name_the_same_servers(real: Said) -> None:
    for what in ("server create", "server rename", "server stop", "server delete"):
        named: dict[str, set[Hint]] = {}
        for topic, item in real[what]:
            named.setdefault(topic, set()).update(hint for hint in hints_in(item) if hint.word == "instance")
        assert named["notifications.info"] == named["versioned_notifications.info"] != set(), what
