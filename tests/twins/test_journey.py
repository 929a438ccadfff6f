"""openstacksdk, unchanged, from an empty cloud to a server with a floating IP and back."""

import hashlib
import io
from typing import Any

import pytest

from tests.twins.conftest import sdk
from twins.openstack import OpenStackTwin

pytestmark = pytest.mark.filterwarnings("ignore")  # the SDK announces its own renamings


@pytest.fixture
def cloud(twin: OpenStackTwin) -> Any:
    admin = sdk(twin, "admin", "secret", "admin")
    project = admin.identity.create_project(name="journey", domain_id="default", tags=["one"])
    user = admin.identity.create_user(name="traveller", password="pw", domain_id="default")
    role = admin.identity.find_role("member")
    admin.identity.assign_project_role_to_user(project.id, user.id, role.id)
    return sdk(twin, "traveller", "pw", "journey")


def test_a_server_with_its_network_volume_and_floating_ip_comes_and_goes(twin: OpenStackTwin, cloud: Any) -> None:
    list(cloud.network.security_groups())
    baseline = twin.client.objects()
    external = twin.client.external_network_id
    network = cloud.network.create_network(name="net")
    subnet = cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.1.0.0/24")
    router = cloud.network.create_router(name="r", external_gateway_info={"network_id": external})
    cloud.network.add_interface_to_router(router, subnet_id=subnet.id)
    image = cloud.image.find_image("ubuntu-24.04")
    volume = cloud.block_storage.create_volume(size=3, image_id=image.id, name="boot")
    volume = cloud.block_storage.wait_for_status(volume, "available", interval=0.01)
    assert cloud.block_storage.get_volume(volume.id).is_bootable
    port = cloud.network.create_port(network_id=network.id)
    server = cloud.compute.create_server(
        name="s",
        flavor_id=cloud.compute.find_flavor("m1.small").id,
        networks=[{"port": port.id}],
        block_device_mapping=[
            {"uuid": volume.id, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
        ],
    )
    server = cloud.compute.wait_for_server(server, interval=0.01)
    assert (server.status, server.flavor.original_name) == ("ACTIVE", "m1.small")
    floating_ip = cloud.network.create_ip(floating_network_id=external, port_id=port.id)
    assert floating_ip.status == "ACTIVE"
    kinds = [row["OS-EXT-IPS:type"] for row in cloud.compute.get_server(server.id).addresses["net"]]
    assert kinds == ["fixed", "floating"]
    assert cloud.block_storage.get_volume(volume.id).attachments[0]["device"] == "/dev/vda"

    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.01)
    assert cloud.block_storage.get_volume(volume.id).status == "available"
    assert cloud.network.get_port(port.id).device_id == ""
    cloud.block_storage.delete_volume(volume)
    cloud.network.delete_ip(floating_ip)
    cloud.network.delete_port(port)
    cloud.network.remove_interface_from_router(router, subnet_id=subnet.id)
    cloud.network.delete_router(router)
    cloud.network.delete_subnet(subnet)
    cloud.network.delete_network(network)
    assert twin.client.leftovers(baseline) == {}


def test_a_volume_is_attached_extended_snapshotted_backed_up_and_restored(cloud: Any) -> None:
    storage = cloud.block_storage
    volume = storage.create_volume(size=1, name="data", metadata={"a": "b"})
    storage.extend_volume(volume, 2)
    assert storage.get_volume(volume.id).size == 2
    snapshot = storage.create_snapshot(volume_id=volume.id, name="snap")
    copy = storage.create_volume(size=2, snapshot_id=snapshot.id)
    assert storage.get_volume(copy.id).status == "available"
    backup = storage.create_backup(volume_id=volume.id, name="backup")
    storage.restore_backup(backup, volume_id=volume.id)
    assert storage.get_backup(backup.id).status == "available"
    storage.retype_volume(volume, "hdd", migration_policy="on-demand")
    assert storage.get_volume(volume.id).volume_type == "hdd"
    storage.delete_snapshot(snapshot)
    storage.delete_backup(backup)
    storage.delete_volume(volume)
    storage.delete_volume(copy)
    assert list(storage.volumes()) == []


def test_an_image_is_uploaded_and_comes_back_byte_for_byte(cloud: Any) -> None:
    data = b"0123456789abcdef" * 200_000
    image = cloud.image.create_image(name="mine", disk_format="raw", container_format="bare", data=io.BytesIO(data))
    image = cloud.image.get_image(image.id)
    assert (image.status, image.size, image.hash_value) == ("active", len(data), hashlib.sha512(data).hexdigest())
    assert cloud.image.download_image(image).content == data
    cloud.image.delete_image(image)
    assert "mine" not in [row.name for row in cloud.image.images()]


def test_keys_groups_rules_quotas_and_limits_answer(cloud: Any) -> None:
    pair = cloud.compute.create_keypair(name="k")
    assert "PRIVATE KEY" in pair.private_key
    group = cloud.network.create_security_group(name="web")
    cloud.network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", protocol="tcp", port_range_min=80, port_range_max=80
    )
    assert len(list(cloud.network.security_group_rules(security_group_id=group.id))) == 3
    assert cloud.compute.create_server_group(name="g", policy="anti-affinity").policy == "anti-affinity"
    assert cloud.compute.get_limits().absolute.total_cores == 20
    assert cloud.get_network_quotas(cloud.current_project_id).ports == 500
    assert cloud.get_volume_quotas(cloud.current_project_id).volumes == 10
