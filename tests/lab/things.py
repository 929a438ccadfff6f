"""One object of each kind as an administrator makes, changes and deletes it with openstacksdk, behind our back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contract.stage import eventually, unique
from tests.factories import client_of
from tests.lab.realm import RealEstate, settled
from waldur_openstack import models

Shown = dict[str, Any]
CHANGED = "changed by hand"


@dataclass(frozen=True)
class Thing:
    """`make` returns its id in the cloud; `is_changed` is asked of what our API shows. What `stands_alone` stays here,
    ERRED, when it is gone there: nothing is terminated by inference."""

    word: str  # of the kind in the register of the sync
    model: Any
    path: str
    make: Callable[["Hand"], str]
    remove: Callable[["Hand", str], Any]
    change: Callable[["Hand", str], Any] | None = None
    is_changed: Callable[[Shown], bool] = lambda shown: shown["name"] == CHANGED
    stands_alone: bool = False

    def __str__(self) -> str:
        return self.path.removeprefix("openstack-")

    def is_gone(self, shown: Shown | None) -> bool:
        if not self.stands_alone:
            return shown is None
        return shown is not None and shown["error_message"].endswith("does not exist in the cloud any more.")

    def look(self, estate: RealEstate, key: str) -> Shown | None:
        """What our API shows to staff of the object with this id in the cloud; None when it is not there."""
        row = self.model.objects.filter(backend_id=key).first()
        if row is None:
            return None
        answer = client_of(estate.staff).get(f"/api/{self.path}/{row.uuid.hex}/")
        assert answer.status_code in (200, 404), answer.content  # it may have gone since
        return answer.json() if answer.status_code == 200 else None


class Hand:
    """The administrator's, at work in the project of the estate's tenant."""

    def __init__(self, estate: RealEstate, other_project: str) -> None:
        self.estate, self.other_project = estate, other_project
        self.sdk = estate.sdk
        self.project = estate.tenant.backend_id
        self.home = estate.tenant.internal_network_id

    def network(self) -> str:
        return str(self.sdk.network.create_network(name=unique("network")).id)

    def subnet(self) -> str:
        made = self.sdk.network.create_subnet(
            name=unique("subnet"), network_id=self.network(), cidr="10.88.0.0/24", ip_version=4
        )
        return str(made.id)

    def remove_subnet(self, key: str) -> None:
        network = self.sdk.network.get_subnet(key).network_id
        self.sdk.network.delete_subnet(key)
        self.sdk.network.delete_network(network)

    def port(self) -> str:
        return str(self.sdk.network.create_port(name=unique("port"), network_id=self.home).id)

    def address(self) -> str:
        external = self.estate.realm.site.external_network_id
        return str(self.sdk.network.create_ip(floating_network_id=external).id)

    def use_address(self, key: str) -> None:
        self.sdk.network.update_ip(key, port_id=self.port())

    def remove_address(self, key: str) -> None:
        port = self.sdk.network.get_ip(key).port_id
        self.sdk.network.delete_ip(key)
        if port:
            self.sdk.network.delete_port(port)

    def add_rule(self, key: str) -> None:
        self.sdk.network.create_security_group_rule(
            security_group_id=key, direction="ingress", protocol="tcp", port_range_min=443, port_range_max=443
        )

    def policy(self) -> str:
        made = self.sdk.network.create_rbac_policy(
            object_type="network", object_id=self.home, action="access_as_shared", target_project_id=self.other_project
        )
        return str(made.id)

    def volume(self) -> str:
        made = self.sdk.block_storage.create_volume(name=unique("volume"), size=1)
        return str(settled(self.sdk.block_storage.get_volume, made.id, "available").id)

    def snapshot(self) -> str:
        volume = self.estate.volume.backend_id
        made = self.sdk.block_storage.create_snapshot(volume_id=volume, name=unique("snapshot"), force=True)
        return str(settled(self.sdk.block_storage.get_snapshot, made.id, "available").id)

    def server(self) -> str:
        compute, image = self.sdk.compute, self.sdk.image.find_image("cirros")
        disk = {
            "uuid": image.id, "source_type": "image", "destination_type": "volume", "volume_size": 1, "boot_index": 0,
            "delete_on_termination": True,
        }  # fmt: skip
        made = compute.create_server(
            name=unique("server"), flavor_id=compute.find_flavor("m1.tiny").id, block_device_mapping=[disk],
            networks=[{"uuid": self.home}],
        )  # fmt: skip
        return str(settled(compute.get_server, made.id, "ACTIVE").id)

    def stop_and_rename(self, key: str) -> None:
        self.sdk.compute.update_server(key, name=CHANGED)
        self.sdk.compute.stop_server(key)
        settled(self.sdk.compute.get_server, key, "SHUTOFF")

    def remove_server(self, key: str) -> None:
        self.sdk.compute.delete_server(key)
        eventually(lambda: self.sdk.compute.find_server(key) is None)

    def remove_volume(self, key: str) -> None:
        self.sdk.block_storage.delete_volume(key)
        eventually(lambda: self.sdk.block_storage.find_volume(key) is None)

    def remove_snapshot(self, key: str) -> None:
        self.sdk.block_storage.delete_snapshot(key)
        eventually(lambda: self.sdk.block_storage.find_snapshot(key) is None)

    def flavor(self) -> str:
        return str(self.sdk.compute.create_flavor(name=unique("flavor"), ram=256, vcpus=1, disk=1).id)

    def image(self) -> str:
        made = self.sdk.image.create_image(
            name=unique("image"), disk_format="raw", container_format="bare", data=b"disk" * 256, wait=True
        )
        return str(made.id)

    def volume_type(self) -> str:
        return str(self.sdk.block_storage.create_type(name=unique("type")).id)


THINGS = (
    Thing("instance", models.Instance, "openstack-instances", Hand.server, Hand.remove_server, Hand.stop_and_rename,
          lambda shown: (shown["name"], shown["runtime_state"]) == (CHANGED, "SHUTOFF"), stands_alone=True),
    Thing("volume", models.Volume, "openstack-volumes", Hand.volume, Hand.remove_volume,
          lambda hand, key: hand.sdk.block_storage.update_volume(key, name=CHANGED), stands_alone=True),
    Thing("snapshot", models.Snapshot, "openstack-snapshots", Hand.snapshot, Hand.remove_snapshot,
          lambda hand, key: hand.sdk.block_storage.update_snapshot(key, name=CHANGED), stands_alone=True),
    Thing("network", models.Network, "openstack-networks", Hand.network,
          lambda hand, key: hand.sdk.network.delete_network(key),
          lambda hand, key: hand.sdk.network.update_network(key, name=CHANGED)),
    Thing("subnet", models.SubNet, "openstack-subnets", Hand.subnet, Hand.remove_subnet,
          lambda hand, key: hand.sdk.network.update_subnet(key, dns_nameservers=["10.0.0.2"]),
          lambda shown: shown["dns_nameservers"] == ["10.0.0.2"]),
    Thing("port", models.Port, "openstack-ports", Hand.port, lambda hand, key: hand.sdk.network.delete_port(key),
          lambda hand, key: hand.sdk.network.update_port(key, name=CHANGED)),
    Thing("router", models.Router, "openstack-routers",
          lambda hand: str(hand.sdk.network.create_router(name=unique("router")).id),
          lambda hand, key: hand.sdk.network.delete_router(key),
          lambda hand, key: hand.sdk.network.update_router(key, name=CHANGED)),
    Thing("floating_ip", models.FloatingIP, "openstack-floating-ips", Hand.address, Hand.remove_address,
          Hand.use_address, lambda shown: (shown["runtime_state"], len(shown["port_fixed_ips"])) == ("ACTIVE", 1)),
    Thing("security_group", models.SecurityGroup, "openstack-security-groups",
          lambda hand: str(hand.sdk.network.create_security_group(name=unique("group")).id),
          lambda hand, key: hand.sdk.network.delete_security_group(key), Hand.add_rule,
          lambda shown: 443 in [rule["from_port"] for rule in shown["rules"]]),
    Thing("server_group", models.ServerGroup, "openstack-server-groups",
          lambda hand: str(hand.sdk.compute.create_server_group(name=unique("group"), policy="affinity").id),
          lambda hand, key: hand.sdk.compute.delete_server_group(key)),
    Thing("rbac_policy", models.NetworkRBACPolicy, "openstack-network-rbac-policies", Hand.policy,
          lambda hand, key: hand.sdk.network.delete_rbac_policy(key)),
)  # fmt: skip
OFFERS = (
    Thing("catalogue", models.Flavor, "openstack-flavors", Hand.flavor,
          lambda hand, key: hand.sdk.compute.delete_flavor(key)),
    Thing("catalogue", models.Image, "openstack-images", Hand.image,
          lambda hand, key: hand.sdk.image.delete_image(key),
          lambda hand, key: hand.sdk.image.update_image(key, name=CHANGED)),
    Thing("catalogue", models.VolumeType, "openstack-volume-types", Hand.volume_type,
          lambda hand, key: hand.sdk.block_storage.delete_type(key),
          lambda hand, key: hand.sdk.block_storage.update_type(key, name=CHANGED)),
)  # fmt: skip
