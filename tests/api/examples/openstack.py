"""Examples of OpenStack objects: a tenant of the project, one object of each kind in it, and its creation."""

from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from tests.api.examples import PASSES, TEAM, example_of
from tests.factories import Cast
from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack import models
from waldur_openstack.api.images import ImageManager
from waldur_openstack.workflows.identity import CreateTenant

PASSES[ImageManager] = frozenset({"admin", "manager", "owner", "provider_owner"})
CATALOGUE: dict[Any, dict[str, Any]] = {
    models.Flavor: {"cores": 1, "ram": 1024, "disk": 10240},
    models.Image: {},
    models.VolumeType: {},
    models.InstanceAvailabilityZone: {},
    models.VolumeAvailabilityZone: {},
    models.ExternalNetwork: {},
}
IN_TENANT: dict[Any, dict[str, Any]] = {
    models.Volume: {"size": 1024},
    models.Instance: {},
    models.ServerGroup: {},
    models.Router: {},
    models.Port: {},
    models.FloatingIP: {},
}


@example_of(models.Tenant)
def tenant(cast: Cast) -> models.Tenant:
    settings = ServiceSettings.objects.get_or_create(name="Tenants", type="OpenStack", state=CoreState.OK)[0]
    return models.Tenant.objects.get_or_create(
        name="Tenant", project=cast.project, service_settings=settings, defaults={"state": CoreState.OK}
    )[0]


@example_of(models.ProvidedTenant, seen_by=TEAM | {"provider_owner"})
def provided_tenant(cast: Cast) -> models.ProvidedTenant:
    """In a cloud of the cast's provider, with an image of its own."""
    settings = ServiceSettings.objects.create(
        name="Provided", type="OpenStack", state=CoreState.OK, customer=cast.provider
    )
    columns: dict[str, Any] = {"name": "Provided", "project": cast.project, "service_settings": settings}
    found = models.ProvidedTenant.objects.create(**columns, state=CoreState.OK)
    image = models.Image.objects.create(name="Own", settings=settings, backend_id="own", is_public=False)
    image.tenants.add(found)
    return found


@example_of(Operation)
def operation(cast: Cast) -> Operation:
    subject = tenant(cast)
    return Operation.objects.create(
        workflow=CreateTenant.name,
        content_type=ContentType.objects.get_for_model(subject),
        object_id=subject.pk,
        subject_uuid=subject.uuid,
        subject_name=subject.name,
        project=cast.project,
        customer=cast.customer,
        user=cast.staff,
        deadline=timezone.now() + timedelta(hours=1),
    )


@example_of(models.SubNet)
def subnet(cast: Cast) -> models.SubNet:
    network = models.Network.objects.create(name="of-subnet", tenant=tenant(cast), state=CoreState.OK)
    return models.SubNet.objects.create(
        name="Example", network=network, tenant=network.tenant, cidr="192.0.2.0/24", state=CoreState.OK
    )


@example_of(models.Network)
def network(cast: Cast) -> models.Network:
    return models.Network.objects.get_or_create(name="Example", tenant=tenant(cast), defaults={"state": CoreState.OK})[
        0
    ]


@example_of(models.NetworkRBACPolicy)
def network_rbac_policy(cast: Cast) -> models.NetworkRBACPolicy:
    """The example network, shared with another tenant of the same project."""
    source = tenant(cast)
    target = models.Tenant.objects.create(
        name="Neighbour", project=cast.project, service_settings=source.service_settings, state=CoreState.OK
    )
    return models.NetworkRBACPolicy.objects.create(
        name="shared", tenant=source, network=network(cast), target_tenant=target, state=CoreState.OK
    )


@example_of(models.SecurityGroup)
def security_group(cast: Cast) -> models.SecurityGroup:
    group = models.SecurityGroup.objects.create(name="Example", tenant=tenant(cast), state=CoreState.OK)
    models.SecurityGroupRule.objects.create(security_group=group, protocol="tcp", from_port=22, to_port=22)
    return group


@example_of(models.Drift)
def drift(cast: Cast) -> models.Drift:
    """A network that somebody has renamed in the cloud."""
    row = models.Network.objects.create(name="theirs", tenant=tenant(cast), state=CoreState.OK)
    return models.Drift.objects.create(
        tenant=row.tenant,
        project=row.project,
        content_type=ContentType.objects.get_for_model(row),
        object_id=row.pk,
        kind="network",
        object_uuid=row.uuid,
        object_name=row.name,
        field="name",
        declared="ours",
        observed="theirs",
    )


@example_of(models.NotificationListener, seen_by=frozenset({"provider_owner"}))
def notification_listener(cast: Cast) -> models.NotificationListener:
    """Of a cloud of the cast's provider."""
    settings = ServiceSettings.objects.create(name="Heard", type="OpenStack", customer=cast.provider)
    return models.NotificationListener.objects.create(service_settings=settings, name="host:1")


def _volume(cast: Cast) -> models.Volume:
    return models.Volume.objects.create(name="of-copy", tenant=tenant(cast), size=1024, state=CoreState.OK)


def _instance(cast: Cast) -> models.Instance:
    return models.Instance.objects.create(name="of-copy", tenant=tenant(cast), state=CoreState.OK)


@example_of(models.Snapshot)
def snapshot(cast: Cast) -> models.Snapshot:
    volume = _volume(cast)
    return models.Snapshot.objects.create(
        name="Example", source_volume=volume, tenant=volume.tenant, size=1024, state=CoreState.OK
    )


@example_of(models.Backup)
def backup(cast: Cast) -> models.Backup:
    instance = _instance(cast)
    return models.Backup.objects.create(name="Example", instance=instance, tenant=instance.tenant, state=CoreState.OK)


@example_of(models.SnapshotSchedule)
def snapshot_schedule(cast: Cast) -> models.SnapshotSchedule:
    volume = _volume(cast)
    return models.SnapshotSchedule.objects.create(
        name="Example", source_volume=volume, tenant=volume.tenant, schedule="0 0 * * *", state=CoreState.OK
    )


@example_of(models.BackupSchedule)
def backup_schedule(cast: Cast) -> models.BackupSchedule:
    instance = _instance(cast)
    return models.BackupSchedule.objects.create(
        name="Example", instance=instance, tenant=instance.tenant, schedule="0 0 * * *", state=CoreState.OK
    )


def _in_tenant(model: Any, fields: dict[str, Any]) -> None:
    @example_of(model)
    def build(cast: Cast) -> Any:
        return model.objects.create(name="Example", tenant=tenant(cast), state=CoreState.OK, **fields)


def _in_catalogue(model: Any, fields: dict[str, Any]) -> None:
    @example_of(model)
    def build(cast: Cast) -> Any:
        return model.objects.create(name="Example", settings=tenant(cast).service_settings, **fields)


for model, fields in IN_TENANT.items():
    _in_tenant(model, fields)
for model, fields in CATALOGUE.items():
    _in_catalogue(model, fields)
