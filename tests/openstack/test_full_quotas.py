"""Where a quota is used up, whatever would need more of it is refused before anything is done, here or in the cloud."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import limit, usages
from tests.openstack.behind import add_backup, add_snapshot, cloud_of, pulled
from tests.openstack.orders import build_volume
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace_openstack.acting import ActingAs
from waldur_openstack.api.compute.create import InstanceCreateSerializer
from waldur_openstack.models import (
    Flavor,
    Image,
    Instance,
    Network,
    Port,
    Router,
    SecurityGroup,
    SubNet,
    Tenant,
    Volume,
    VolumeType,
)
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.sync.quotas import read_quotas, take_quotas
from waldur_openstack.workflows.context import save

pytestmark = pytest.mark.django_db

Request = tuple[str, Any]  # path below /api/openstack-, body


def volume_of(instance: Instance) -> Volume:
    return instance.volumes.get(bootable=False)


def subnet_of(instance: Instance) -> SubNet:
    return SubNet.objects.get(tenant=instance.tenant)


def server(instance: Instance, **changes: Any) -> Request:
    body = {
        "name": "another",
        "tenant": instance.tenant.uuid.hex,
        "flavor": Flavor.objects.get(name="m1.tiny").uuid.hex,
        "image": Image.objects.get(name="cirros").uuid.hex,
        "system_volume_size": 1024,
        "ports": [{"subnet": subnet_of(instance).uuid.hex}],
        **changes,
    }
    return "instances/", body


def with_floating_ip(instance: Instance) -> Request:
    return server(instance, floating_ips=[{"subnet": subnet_of(instance).uuid.hex}])


def new_volume(instance: Instance, **attributes: Any) -> Request:
    return "volumes/", {"name": "volume", "size": 1024, "tenant": instance.tenant.uuid.hex, **attributes}


def typed_volume(instance: Instance) -> Request:
    return new_volume(instance, type=VolumeType.objects.get(name="ssd").uuid.hex)


def extension(instance: Instance) -> Request:
    return f"volumes/{free_volume(instance).uuid.hex}/extend/", {"disk_size": 4096}


def free_volume(instance: Instance) -> Volume:
    volume = volume_of(instance)
    save(volume, instance=None, runtime_state="available")
    return volume


def retype(instance: Instance) -> Request:
    other = VolumeType.objects.get(name="hdd")
    return f"volumes/{free_volume(instance).uuid.hex}/retype/", {"type": other.uuid.hex}


def resize(instance: Instance) -> Request:
    save(instance, runtime_state="SHUTOFF")
    return f"instances/{instance.uuid.hex}/change_flavor/", {"flavor": Flavor.objects.get(name="m1.medium").uuid.hex}


def snapshot(instance: Instance) -> Request:
    return f"volumes/{volume_of(instance).uuid.hex}/snapshot/", {"name": "copy"}


def backup(instance: Instance) -> Request:
    return f"instances/{instance.uuid.hex}/backup/", {"name": "copy"}


def restored_snapshot(instance: Instance) -> Request:
    return f"snapshots/{add_snapshot(volume_of(instance)).uuid.hex}/restore/", {"name": "restored"}


def restored_backup(instance: Instance) -> Request:
    body = {"name": "restored", "flavor": Flavor.objects.get(name="m1.tiny").uuid.hex}
    made = add_backup(instance)
    made.snapshots.filter(source_volume__bootable=True).update(bootable=True)
    return f"backups/{made.uuid.hex}/restore/", body


def network(instance: Instance) -> Request:
    return f"tenants/{instance.tenant.uuid.hex}/create_network/", {"name": "network"}


def subnet(instance: Instance) -> Request:
    net = Network.objects.get(tenant=instance.tenant)
    return f"networks/{net.uuid.hex}/create_subnet/", {"name": "subnet", "cidr": "10.9.0.0/24"}


def port(instance: Instance) -> Request:
    net = Network.objects.get(tenant=instance.tenant)
    return "ports/", {"name": "port", "network": net.uuid.hex, "tenant": instance.tenant.uuid.hex}


def interface(instance: Instance) -> Request:
    second = SubNet.objects.create(tenant=instance.tenant, network=Network.objects.get(tenant=instance.tenant),
                                   name="second", cidr="10.9.0.0/24", gateway_ip="10.9.0.1", state="OK")  # fmt: skip
    router = Router.objects.get(tenant=instance.tenant)
    return f"routers/{router.uuid.hex}/add_router_interface/", {"subnet": second.uuid.hex}


def connection(instance: Instance) -> Request:
    _, body = interface(instance)
    return f"subnets/{body['subnet']}/connect/", {}


def floating_ip(instance: Instance) -> Request:
    return f"tenants/{instance.tenant.uuid.hex}/create_floating_ip/", {}


def security_group(instance: Instance) -> Request:
    return f"tenants/{instance.tenant.uuid.hex}/create_security_group/", {"name": "group", "rules": []}


def rules(instance: Instance) -> Request:
    group = SecurityGroup.objects.get(tenant=instance.tenant, name="ssh")
    rule = {"protocol": "tcp", "from_port": 1, "cidr": "0.0.0.0/0"}
    return f"security-groups/{group.uuid.hex}/set_rules/", [{**rule, "to_port": port} for port in range(2, 9)]


CASES: list[tuple[Callable[[Instance], Request], str]] = [
    (server, "instances"),
    (server, "vcpu"),
    (server, "ram"),
    (server, "volumes"),
    (server, "storage"),
    (server, "gigabytes_ssd"),
    (server, "port_count"),
    (with_floating_ip, "floating_ip_count"),
    (new_volume, "volumes"),
    (new_volume, "storage"),
    (typed_volume, "gigabytes_ssd"),
    (extension, "storage"),
    (extension, "volumes_size"),
    (extension, "gigabytes_ssd"),
    (retype, "gigabytes_hdd"),
    (resize, "vcpu"),
    (resize, "ram"),
    (snapshot, "snapshots"),
    (snapshot, "storage"),
    (snapshot, "gigabytes_ssd"),
    (backup, "snapshots"),
    (backup, "storage"),
    (restored_snapshot, "volumes"),
    (restored_snapshot, "storage"),
    (restored_backup, "instances"),
    (restored_backup, "storage"),
    (network, "network_count"),
    (subnet, "subnet_count"),
    (subnet, "port_count"),
    (port, "port_count"),
    (interface, "port_count"),
    (connection, "port_count"),
    (floating_ip, "floating_ip_count"),
    (security_group, "security_group_count"),
    (rules, "security_group_rule_count"),
]


@pytest.mark.parametrize(("request_of", "name"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_what_does_not_fit_is_refused_before_the_first_effect(
    cast: Cast, instance: Instance, twin: TwinClient, request_of: Callable[[Instance], Request], name: str
) -> None:
    save(instance.tenant, default_volume_type_name="ssd")
    path, body = request_of(instance)
    limit(instance.tenant, **{name: usages(instance.tenant)[name]})
    before, calls = (usages(instance.tenant), Operation.objects.count()), twin.call_count()
    answer = client_of(cast.owner).post(f"/api/openstack-{path}", body, format="json")
    assert answer.status_code == 400, answer.content
    assert f"Quota {name} of " in answer.content.decode()
    assert (usages(instance.tenant), Operation.objects.count()) == before
    assert twin.call_count() == calls


def test_ports_count_as_the_cloud_counts_them(cast: Cast, instance: Instance) -> None:
    """That of the server, and that of the router in its subnet."""
    tenant = instance.tenant
    counted = usages(tenant)["port_count"]
    assert counted == Port.objects.filter(tenant=tenant).count()
    assert Port.objects.filter(tenant=tenant, device_owner__in=ROUTER_INTERFACES).count() == 1
    assert cloud_of(tenant).network.quotas(tenant.backend_id)["port"]["used"] == counted
    client = client_of(cast.owner)
    net = Network.objects.get(tenant=tenant)
    path = f"/api/openstack-networks/{net.uuid.hex}/create_subnet/"
    assert client.post(path, {"name": "second", "cidr": "10.9.0.0/24"}).status_code == 201
    drain()
    assert usages(tenant)["port_count"] == counted + 1
    second = SubNet.objects.get(name="second")
    assert client.post(f"/api/openstack-subnets/{second.uuid.hex}/disconnect/").status_code == 202
    drain()
    assert usages(tenant)["port_count"] == counted
    assert client.post(f"/api/openstack-subnets/{second.uuid.hex}/connect/").status_code == 202
    drain()
    assert client.delete(f"/api/openstack-subnets/{second.uuid.hex}/").status_code in (202, 204)
    drain()
    assert usages(tenant)["port_count"] == counted
    assert cloud_of(tenant).network.quotas(tenant.backend_id)["port"]["used"] == counted


def test_a_pull_of_quotas_while_a_volume_grows_does_not_forget_what_was_taken(cast: Cast, tenant: Tenant) -> None:
    volume = build_volume(tenant, cast.owner)
    before = usages(tenant)
    answer = client_of(cast.owner).post(f"/api/openstack-volumes/{volume.uuid.hex}/extend/", {"disk_size": 4096})
    assert answer.status_code == 202
    waiting = Operation.objects.get(subject_uuid=volume.uuid, state__in=Operation.LIVE)
    Operation.objects.filter(pk=waiting.pk).update(lease_until=timezone.now() + timedelta(hours=1), lease_token=uuid4())
    growing = {**before, "storage": before["storage"] + 3072, "volumes_size": before["volumes_size"] + 3072}
    growing["gigabytes_ssd"] = before["gigabytes_ssd"] + 3
    assert usages(tenant) == growing
    take_cloud_quotas(tenant)
    assert usages(tenant) == growing
    Operation.objects.filter(pk=waiting.pk).update(lease_until=None, lease_token=None)
    drain()
    pulled(cast, tenant, "pull_quotas")
    assert usages(tenant) == growing


def take_cloud_quotas(tenant: Tenant) -> None:
    cloud = cloud_of(tenant)
    moment = timezone.now()
    take_quotas(tenant, read_quotas(cloud, tenant.backend_id), moment=moment)


def test_a_port_that_another_order_has_taken_meanwhile_is_refused(cast: Cast, instance: Instance) -> None:
    tenant = instance.tenant
    net = Network.objects.get(tenant=tenant)
    client = client_of(cast.owner)
    body = {"name": "mine", "network": net.uuid.hex, "tenant": tenant.uuid.hex}
    assert client.post("/api/openstack-ports/", body, format="json").status_code == 201
    drain()
    free = Port.objects.get(name="mine")
    first = order_with(instance, cast, free)
    second = order_with(instance, cast, free, name="second")
    first.save()
    with pytest.raises(Conflict, match="Port mine is in use"):
        second.save()
    free.refresh_from_db()
    assert free.instance is not None
    assert free.instance.name == "another"


def order_with(instance: Instance, cast: Cast, port: Port, **changes: Any) -> Any:
    """The body of an order that names a port, checked but not yet carried out."""
    _, body = server(instance, ports=[{"port": port.uuid.hex}], **changes)
    del body["tenant"]
    context = {"tenant": instance.tenant, "user": cast.owner, "request": ActingAs(cast.owner)}
    serializer = InstanceCreateSerializer(data=body, context=context)
    serializer.is_valid(raise_exception=True)
    return serializer
