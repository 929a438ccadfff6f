"""Nova."""

from typing import Any

from tests.contract.seed.house import Call, House
from tests.contract.stage import unique
from waldur_openstack.models import Flavor, Image, Instance, InstanceAvailabilityZone, ServerGroup


def status_of(house: House, instance: Instance) -> Any:
    server = house.cloud.compute.server(instance.backend_id)
    assert server
    return server["status"]


def create_instance(house: House, call: Call) -> None:
    usable = {"settings": house.service}
    made = call(
        {
            "tenant": house.link(house.tenant),
            "name": unique("server"),
            "flavor": house.link(Flavor.objects.get(name="m1.tiny", **usable)),
            "image": house.link(Image.objects.get(name="cirros", **usable)),
            "system_volume_size": 2048,
            "ports": [{"subnet": house.link(house.subnet)}],
        }
    )
    instance = Instance.objects.get(uuid=made["uuid"])
    assert status_of(house, instance) == instance.runtime_state == "ACTIVE"
    house.owner.delete(f"{house.link(instance)}?action=force_destroy")
    house.settle()


def delete_instance(house: House, call: Call) -> None:
    instance = house.new_server()
    volumes = [volume.backend_id for volume in instance.volumes.all()]
    call({"action": "force_destroy"}, uuid=instance.uuid.hex)
    assert house.cloud.compute.server(instance.backend_id) is None
    assert [house.cloud.block_storage.volume(volume) for volume in volumes] == [None] * len(volumes)


def start_instance(house: House, call: Call) -> None:
    instance = house.server_in("SHUTOFF")
    call(uuid=instance.uuid.hex)
    assert status_of(house, instance) == "ACTIVE"


def stop_instance(house: House, call: Call) -> None:
    instance = house.server_in("ACTIVE")
    call(uuid=instance.uuid.hex)
    assert status_of(house, instance) == "SHUTOFF"


def restart_instance(house: House, call: Call) -> None:
    instance = house.server_in("ACTIVE")
    call(uuid=instance.uuid.hex)
    assert status_of(house, instance) == "ACTIVE"


def resize_instance(house: House, call: Call) -> None:
    instance = house.server_in("SHUTOFF")
    other = Flavor.objects.filter(settings=house.service, name__in=("m1.tiny", "m1.small"))
    flavor = other.exclude(name=instance.flavor_name).get()
    call({"flavor": house.link(flavor)}, uuid=instance.uuid.hex)
    server = house.cloud.compute.server(instance.backend_id)
    assert server and server["flavor"]["original_name"] == flavor.name


def console_access(house: House, call: Call) -> None:
    assert "token" in call(uuid=house.server_in("ACTIVE").uuid.hex)["url"]


def attach_volume(house: House, call: Call) -> None:
    volume, instance = house.volume(), house.server_in("ACTIVE")
    call({"volume": house.link(volume)}, uuid=instance.uuid.hex)
    attached = {item["volumeId"] for item in house.cloud.compute.attachments(instance.backend_id)}
    assert volume.backend_id in attached
    house.act(volume, "detach")


def detach_volume(house: House, call: Call) -> None:
    volume, instance = house.volume(), house.server_in("ACTIVE")
    house.act(volume, "attach", {"instance": house.link(instance)})
    call({"volume": house.link(volume)}, uuid=instance.uuid.hex)
    attached = {item["volumeId"] for item in house.cloud.compute.attachments(instance.backend_id)}
    assert volume.backend_id not in attached


def assign_floating_ip(house: House, call: Call) -> None:
    address, port = house.floating_ip(), house.port
    call({"floating_ip": house.link(address)}, uuid=house.server.uuid.hex)
    found = house.cloud.network.show("floatingip", address.backend_id)
    assert found and found["port_id"] == port.backend_id
    house.owner.delete(house.link(address))
    house.settle()


def list_flavors(house: House, call: Call) -> None:
    shown = {flavor["backend_id"] for flavor in call({"tenant_uuid": house.tenant.uuid.hex})}
    assert shown == {flavor["id"] for flavor in house.cloud.compute.flavors()}


def import_flavors(house: House, call: Call) -> None:
    Flavor.objects.filter(settings=house.service, name="m1.large").delete()
    call(uuid=house.tenant.uuid.hex)
    assert Flavor.objects.filter(settings=house.service, name="m1.large").exists()


def import_images(house: House, call: Call) -> None:
    Image.objects.filter(settings=house.service, name="ubuntu-24.04").delete()
    call(uuid=house.tenant.uuid.hex)
    assert Image.objects.filter(settings=house.service, name="ubuntu-24.04").exists()


def list_images(house: House, call: Call) -> None:
    shown = {image["backend_id"] for image in call({"tenant_uuid": house.tenant.uuid.hex})}
    assert {image["id"] for image in house.cloud.image.images(status="active")} == shown


def create_server_group(house: House, call: Call) -> None:
    name = unique("group")
    made = call({"tenant": house.link(house.tenant), "name": name, "policy": "anti-affinity"})
    backend_id = ServerGroup.objects.get(uuid=made["uuid"]).backend_id
    assert backend_id in {group["id"] for group in house.cloud.compute.server_groups()}
    house.owner.delete(f"/api/openstack-server-groups/{made['uuid']}/")
    house.settle()


def delete_server_group(house: House, call: Call) -> None:
    body = {"tenant": house.link(house.tenant), "name": unique("group"), "policy": "affinity"}
    made = house.make("server-groups", body)
    call(uuid=made["uuid"])
    assert made["backend_id"] not in {group["id"] for group in house.cloud.compute.server_groups()}


def list_zones(house: House, call: Call) -> None:
    shown = {zone["name"] for zone in call({"tenant_uuid": house.tenant.uuid.hex})}
    assert shown == {zone["zoneName"] for zone in house.cloud.compute.zones()}
    assert InstanceAvailabilityZone.objects.filter(settings=house.service).count() == len(shown)


DONE_BY = {
    "Create Instance": create_instance,
    "Delete Instance": delete_instance,
    "Start Instance": start_instance,
    "Stop Instance": stop_instance,
    "Restart Instance": restart_instance,
    "Resize Instance": resize_instance,
    "Console Access": console_access,
    "Attach Volume": attach_volume,
    "Detach Volume": detach_volume,
    "Assign Floating IP": assign_floating_ip,
    "List Flavors": list_flavors,
    "Import Flavors": import_flavors,
    "List Images": list_images,
    "Import Images": import_images,
    "Create Server Group": create_server_group,
    "Delete Server Group": delete_server_group,
    "List AZs": list_zones,
}
