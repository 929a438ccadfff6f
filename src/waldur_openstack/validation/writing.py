"""Trials: something of each kind is really made and removed again.

Everything carries the mark of trials. Cleaning up goes by that mark, not by what we remember: so it also finds what was
made by a call whose answer was lost, and what an earlier trial left behind that was killed.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from waldur_core.operations.errors import Invalid, OperationError, TimedOut
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.validation.outcomes import Outcome, Skipped, ask

PREFIX = "waldur-validation"
METADATA = {"waldur_validation": "true"}
PATIENCE = 300.0  # seconds until a server or a volume has to be ready, or gone
CIDR = "192.168.231.0/28"


class Trial:
    """One run of write tests in one project."""

    def __init__(self, cloud: Cloud, project_id: str, external_network_id: str) -> None:
        self.cloud, self.project_id = cloud, project_id
        self.external_network_id = external_network_id
        self.name = f"{PREFIX}-{uuid.uuid4().hex[:8]}"
        self.network_id = ""

    def run(self) -> Iterator[Outcome]:
        for service, what, make in (
            ("Neutron", "create a security group", self.security_group),
            ("Neutron", "create a network", self.network),
            ("Cinder", "create a volume", self.volume),
            ("Nova", "create a server group", self.server_group),
            ("Neutron", "allocate a floating IP", self.floating_ip),
            ("Nova", "create an instance", self.instance),
        ):
            yield ask(service, what, make)

    def security_group(self) -> str:
        made = self.cloud.network.create("security_group", name=self.name, description=PREFIX)
        rule = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
        self.cloud.network.create("security_group_rule", security_group_id=made["id"], **rule)
        return str(made["id"])

    def network(self) -> str:
        made = self.cloud.network.create("network", name=self.name, description=PREFIX)
        self.cloud.network.create("subnet", name=self.name, network_id=made["id"], cidr=CIDR, ip_version=4)
        self.network_id = made["id"]
        return self.network_id

    def volume(self) -> str:
        made = self.cloud.block_storage.create_volume(name=self.name, size=1, metadata=METADATA)
        return self.ready(made["id"], self.cloud.block_storage.volume, "available", "error")

    def server_group(self) -> str:
        return str(self.cloud.compute.create_server_group(self.name, "anti-affinity")["id"])

    def floating_ip(self) -> str:
        if not self.external_network_id:
            raise Skipped("no external_network_id is set")
        network = self.external_network_id
        made = self.cloud.network.create("floatingip", floating_network_id=network, description=PREFIX)
        return str(made["floating_ip_address"])

    def instance(self) -> str:
        if not self.network_id:
            raise Skipped("there is no network to put it in")
        flavor, image = smallest(self.cloud)
        body = {
            "name": self.name, "flavorRef": flavor["id"], "imageRef": image["id"], "metadata": METADATA,
            "networks": [{"uuid": self.network_id}],
        }  # fmt: skip
        made = self.cloud.compute.create_server(body)
        return self.ready(made["id"], self.cloud.compute.server, "ACTIVE", "ERROR")

    def ready(self, key: str, show: Callable[[str], JSON | None], good: str, bad: str) -> str:
        def look() -> bool:
            found = show(key) or {"status": bad}
            if found["status"].startswith(bad):
                raise Invalid(f"It was accepted, but ended in state {found['status']}.")
            return bool(found["status"] == good)

        wait(look, f"It was not {good} after {PATIENCE:.0f} s.")
        return key


def smallest(cloud: Cloud) -> tuple[JSON, JSON]:
    """The smallest flavor, with the smallest image that fits it."""
    images = sorted(cloud.image.images(status="active"), key=lambda image: image.get("size") or 0)
    for flavor in sorted(cloud.compute.flavors(), key=lambda flavor: (flavor["ram"], flavor["disk"])):
        for image in images:
            needed = max(image.get("min_disk") or 0, -(-(image.get("virtual_size") or 0) // 2**30))
            if needed <= flavor["disk"] and (image.get("min_ram") or 0) <= flavor["ram"] and flavor["disk"]:
                return flavor, image
    raise Skipped("no image fits any flavor")


def wait(condition: Callable[[], Any], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimedOut(otherwise)
        time.sleep(0.2)


# cleaning up ------------------------------------------------------------------------------------------------------


def is_of_trial(item: JSON) -> bool:
    marked = item.get("description") == PREFIX or (item.get("metadata") or {}).items() >= METADATA.items()
    return bool(marked or str(item.get("name") or "").startswith(f"{PREFIX}-"))


def leftovers(cloud: Cloud, project_id: str) -> dict[str, list[JSON]]:
    """What trials have left in the project, by kind, in the order in which it can go."""
    network = cloud.network
    found = {
        "server": cloud.compute.servers(),
        "volume": cloud.block_storage.volumes(),
        "server_group": cloud.compute.server_groups(),
        **{kind: network.list(kind, project_id=project_id) for kind in ("floatingip", "network", "security_group")},
    }
    return {kind: chosen for kind, items in found.items() if (chosen := [item for item in items if is_of_trial(item)])}


def clean_up(cloud: Cloud, project_id: str) -> list[str]:
    """Remove them; returns what could not be removed, in words. Goes on when one of them cannot."""
    problems = []
    for kind, items in leftovers(cloud, project_id).items():
        for item in items:
            try:
                remove(cloud, kind, item["id"])
            except OperationError as error:
                problems.append(f"{kind} {item.get('name') or item['id']} could not be removed: {error.message}")
    return problems


def remove(cloud: Cloud, kind: str, key: str) -> None:
    """Remove one, and wait until it is gone where that takes a while."""
    if kind == "server":
        cloud.compute.delete_server(key)
        wait(lambda: cloud.compute.server(key) is None, "The server did not go.")
    elif kind == "volume":
        wait(lambda: (cloud.block_storage.volume(key) or {"status": "available"})["status"] in AT_REST, "It is busy.")
        cloud.block_storage.delete_volume(key)
        wait(lambda: cloud.block_storage.volume(key) is None, "The volume did not go.")
    elif kind == "server_group":
        cloud.compute.delete_server_group(key)
    else:
        cloud.network.remove(kind, key)


AT_REST = ("available", "error", "error_deleting", "deleting")
