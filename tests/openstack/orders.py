"""Tenants and servers on the simulated cloud, asked for as the API asks for them."""

from typing import Any

from django.db import transaction
from rest_framework.serializers import Serializer
from rest_framework.test import APIRequestFactory

from tests.drive import drain
from tests.factories import make_customer
from twins.openstack import OpenStackTwin
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.structure.models import Project, ServiceSettings, SshPublicKey, User
from waldur_core.structure.states import CoreState
from waldur_openstack.api.block_storage import VolumeCreateSerializer
from waldur_openstack.api.compute import InstanceDeleteSerializer, delete_instance
from waldur_openstack.api.compute.create import InstanceCreateSerializer
from waldur_openstack.api.identity import TenantCreateSerializer
from waldur_openstack.models import Flavor, Image, Instance, SecurityGroup, SubNet, Tenant, Volume
from waldur_openstack.workflows.block_storage import DeleteVolume
from waldur_openstack.workflows.identity import DeleteTenant

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZ4Zq6mZVn1FqGkQ3uT2E0TnXyJ0m6i0c3wS0k4m8aB someone@example.com"


def connect(twin: OpenStackTwin) -> ServiceSettings:
    """The service settings of the twin, with its external network."""
    return ServiceSettings.objects.create(
        name="Simulated cloud",
        type="OpenStack",
        customer=make_customer("Cloud provider"),
        shared=True,
        state=CoreState.OK,
        secret_options={
            "backend_url": twin.auth_url,
            "username": "admin",
            "password": twin.settings.admin_password,
            "domain": "Default",
            "tenant_name": "admin",
            "external_network_id": twin.client.external_network_id,
        },
    )


def order_tenant(service: ServiceSettings, project: Project, user: User, **attributes: Any) -> Tenant:
    """A tenant whose creation is scheduled."""
    context = {"service_settings": service, "project": project, "user": user}
    return _made(TenantCreateSerializer(data={"name": "tenant", **attributes}, context=context))


def build_tenant(service: ServiceSettings, project: Project, user: User, **attributes: Any) -> Tenant:
    return built(order_tenant(service, project, user, **attributes))


def order_instance(tenant: Tenant, user: User, **attributes: Any) -> Instance:
    """A server with a data volume, a port, a key and a public address, whose creation is scheduled."""
    service = tenant.service_settings
    subnet = SubNet.objects.get(tenant=tenant).uuid.hex
    body = {
        "name": "server",
        "flavor": Flavor.objects.get(settings=service, name="m1.tiny").uuid.hex,
        "image": Image.objects.get(settings=service, name="cirros").uuid.hex,
        "system_volume_size": 2048,
        "data_volume_size": 1024,
        "ports": [{"subnet": subnet}],
        "floating_ips": [{"subnet": subnet}],
        "security_groups": [SecurityGroup.objects.get(tenant=tenant, name="ssh").uuid.hex],
        "ssh_public_key": key_of(user).uuid.hex,
        **attributes,
    }
    context = {"tenant": tenant, "user": user, "request": _request(user)}
    return _made(InstanceCreateSerializer(data=body, context=context))


def build_instance(tenant: Tenant, user: User, **attributes: Any) -> Instance:
    return built(order_instance(tenant, user, **attributes))


def order_volume(tenant: Tenant, user: User, **attributes: Any) -> Volume:
    """A volume of 1 GiB whose creation is scheduled."""
    context = {"tenant": tenant, "user": user, "request": _request(user)}
    return _made(VolumeCreateSerializer(data={"name": "volume", "size": 1024, **attributes}, context=context))


def build_volume(tenant: Tenant, user: User, **attributes: Any) -> Volume:
    return built(order_volume(tenant, user, **attributes))


def order_in_tenant(serializer: Any, tenant: Tenant, user: User, **attributes: Any) -> Any:
    """Something of the tenant, made as its serializer makes it."""
    return _made(serializer(data=attributes, context={"tenant": tenant, "user": user, "request": _request(user)}))


def order_of(serializer: Any, obj: Any, user: User, **attributes: Any) -> Any:
    """What an action on an object makes, as its serializer makes it."""
    context = {"object": obj, "tenant": obj.tenant, "user": user, "request": _request(user)}
    return _made(serializer(data=attributes, context=context))


def order_deletion(obj: Any, user: User, **options: Any) -> Operation:
    """Schedule the deletion of a tenant, a volume or, with the options of its query, a server."""
    if isinstance(obj, (Tenant, Volume)):
        return start(DeleteTenant if isinstance(obj, Tenant) else DeleteVolume, obj, user=user)
    serializer = InstanceDeleteSerializer(data={"action": "force_destroy", **options})
    serializer.is_valid(raise_exception=True)
    operation: Operation = delete_instance(obj, user, serializer.validated_data)
    return operation


def operation_of(obj: Any) -> Operation:
    """The latest operation on the object, which need not exist any more."""
    return Operation.objects.filter(subject_uuid=obj.uuid).latest("pk")


def key_of(user: User) -> SshPublicKey:
    key, _ = SshPublicKey.objects.get_or_create(user=user, name="key", defaults={"public_key": PUBLIC_KEY})
    return key


def _made(serializer: Serializer[Any]) -> Any:
    with transaction.atomic():  # as a request is
        serializer.is_valid(raise_exception=True)
        return serializer.save()


def built(obj: Any) -> Any:
    drain()
    obj.refresh_from_db()
    assert obj.state == CoreState.OK, obj.error_message + operation_of(obj).error_traceback
    return obj


def _request(user: User) -> Any:
    request = APIRequestFactory().get("/")
    request.user = user
    return request
