"""Both clouds side by side: what the simulated one answers has every key that the real one has."""

from contextlib import ExitStack

import pytest

from tests.contract.stage import Room, Site, unique
from tests.openstack.orders import PUBLIC_KEY
from waldur_openstack.cloud.gateway import JSON

# What a cloud shows or not by how it is set up, and what means nothing outside of it.
OPTIONAL = {
    "rule in its group": {"standard_attr_id"},
    "image": {"stores", "direct_url", "locations", "owner_specified.openstack.md5"},
}


def samples(room: Room) -> dict[str, JSON]:
    """One answer of every kind that our code reads."""
    site, cloud, identity = room.site, room.cloud, room.admin.identity
    compute, storage, network = cloud.compute, cloud.block_storage, cloud.network
    server = site.server
    (attachment,) = compute.attachments(server["id"])
    group = room.make("security_group", name=unique())
    rule = network.create("security_group_rule", security_group_id=group["id"], direction="ingress")
    router, subnet, free = room.router(), room.subnet(), room.volume()
    interface = room.connect(router, subnet)
    with_gateway = room.set_gateway(router)
    listed_server = compute.find_server(server["name"], server["metadata"])
    boot_volume, keypair = storage.volume(attachment["volumeId"]), compute.create_keypair(unique(), PUBLIC_KEY)
    room.later.callback(compute.delete, f"/os-keypairs/{keypair['name']}")
    shown_keypair, user = compute.keypair(keypair["name"]), identity.find_user("admin", "default")
    project = identity.find_project(room.project_id)
    assert listed_server and boot_volume and shown_keypair and user and project
    return {
        "project": project,
        "user": user,
        "role": identity.get("/roles")["roles"][0],
        "domain": identity.get("/domains")["domains"][0],
        "flavor": compute.flavors()[0],
        "image": room.image("cirros"),
        "volume type": storage.volume_types()[0],
        "compute zone": compute.zones()[0],
        "volume zone": storage.zones()[0],
        "server": server,
        "server in a list": listed_server,
        "server's flavor": server["flavor"],
        "server's address": next(iter(server["addresses"].values()))[0],
        "volume attachment": attachment,
        "volume": free,
        "boot volume": boot_volume,
        "attachment of a volume": boot_volume["attachments"][0],
        "keypair": keypair,
        "keypair in a list": compute.keypairs()[0],
        "keypair shown": shown_keypair,
        "network": room.network(),
        "external network": network.show("network", site.external_network_id) or {},
        "subnet": subnet,
        "router": with_gateway,
        "gateway": with_gateway["external_gateway_info"],
        "interface": interface,
        "port": network.list("port", device_id=server["id"])[0],
        "floating IP": room.make("floatingip", floating_network_id=site.external_network_id),
        "security group": group,
        "rule": rule,
        "rule in its group": network.list("security_group", name=group["name"])[0]["security_group_rules"][0],
        "compute quotas": compute.quotas(room.project_id),
        "compute quota": compute.quotas(room.project_id)["cores"],
        "network quotas": network.quotas(room.project_id),
        "network quota": network.quotas(room.project_id)["network"],
        "volume quota": storage.quotas(room.project_id)["volumes"],
    }


@pytest.mark.lab
def test_the_twin_answers_every_key_of_the_real_cloud(twin_site: Site, lab_site: Site, later: ExitStack) -> None:
    real, simulated = samples(Room(lab_site, later)), samples(Room(twin_site, later))
    missing = {
        kind: sorted(keys)
        for kind, answer in real.items()
        if (keys := answer.keys() - simulated[kind].keys() - OPTIONAL.get(kind, set()))
    }
    assert missing == {}


@pytest.mark.lab
def test_values_that_we_compare_have_the_same_type_on_both(twin_site: Site, lab_site: Site, later: ExitStack) -> None:
    real, simulated = samples(Room(lab_site, later)), samples(Room(twin_site, later))
    different = {
        (kind, key): (real[kind][key], simulated[kind][key])
        for kind in real
        for key in real[kind].keys() & simulated[kind].keys()
        if not alike(real[kind][key], simulated[kind][key])
    }
    assert different == {}


def alike(one: object, other: object) -> bool:
    """The same type; null goes with everything, for both clouds leave fields empty for reasons of their own."""
    return one is None or other is None or type(one) is type(other)
