"""A customer's estate behind a real server, a client for each person, and what scenarios may ask for."""

import itertools
import json
from functools import cache, cached_property
from typing import Any, cast

from waldur_api_client import AuthenticatedClient

from tests.drive import drain
from tests.e2e.client.functions import BY_NAME
from tests.e2e.estate import Estate
from waldur_core.structure.models import AuthToken
from waldur_openstack import models
from waldur_openstack.cloud import Cloud

ROOM = {"cores": 200, "ram": 400 * 1024, "storage": 4000 * 1024}
COUNTS = ("instances", "volumes", "snapshots", "security_group_count", "security_group_rule_count", "floating_ip_count",
          "network_count", "subnet_count", "port_count")  # fmt: skip
PATHS = {
    models.Tenant: "tenants",
    models.Instance: "instances",
    models.Flavor: "flavors",
    models.Image: "images",
    models.InstanceAvailabilityZone: "instance-availability-zones",
    models.Volume: "volumes",
    models.VolumeAvailabilityZone: "volume-availability-zones",
    models.VolumeType: "volume-types",
    models.Snapshot: "snapshots",
    models.Backup: "backups",
    models.Network: "networks",
    models.SubNet: "subnets",
    models.Router: "routers",
    models.Port: "ports",
    models.FloatingIP: "floating-ips",
    models.SecurityGroup: "security-groups",
}
Row = Any  # of one of our models


class Stage:
    """A project with two tenants; in one a server with two volumes and a public address, and a free volume.

    What stands is shared by all scenarios, which leave it as it was; what they spoil they make themselves."""

    def __init__(self, estate: Estate, url: str) -> None:
        self.estate, self.url, self.called = estate, url, set[str]()
        self._numbers = itertools.count(1)
        self.client = cache(self._client)
        type(estate.customer).objects.update(abbreviation="CUSTO", native_name="Asiakas")
        estate.publish()
        estate.build_tenant(limits=ROOM)
        zone = {"availability_zone": self.zone(models.InstanceAvailabilityZone)}
        estate.build_server(estate.tenant, description="reads genomes", metadata={"rack": "7"}, **zone)
        zone = {"availability_zone": self.zone(models.VolumeAvailabilityZone)}
        estate.build_volume(estate.tenant, description="of the genomes", **zone)
        estate.build_tenant(attributes={"name": "proteome"}, limits=ROOM)
        for tenant in (self.tenant, self.neighbour):
            self.call("openstack_tenants_set_quotas", tenant, dict.fromkeys(COUNTS, 500), who="staff")
        for model in PATHS:
            if any(field.name == "tenant" for field in model._meta.fields) or model is models.Tenant:
                model._default_manager.filter(description="").update(description="It stands.")

    # asking --------------------------------------------------------------------------------------------------------

    def call(
        self, name: str, subject: Row = None, body: Any = None, /, *, who: str = "owner", **parameters: Any
    ) -> Any:
        """What the client's function has read; then all work is done.

        The client raises UnexpectedStatus for a status it does not document, and fails at what it cannot parse.
        """
        found = self.ask(name, subject, body, who=who, **parameters).parsed
        drain()
        return found

    def ask(self, name: str, subject: Row = None, body: Any = None, /, *, who: str = "owner", **parameters: Any) -> Any:
        """The client's whole response: status, headers, bytes and what it has read."""
        function = BY_NAME[name]
        if body is not None:
            parameters["body"] = function.body(body)
        if subject is not None:
            parameters["uuid"] = subject.uuid
        self.called.add(name)
        return function.module.sync_detailed(client=self.client(who), **parameters)

    def raw(self, name: str, subject: Row = None, /, **parameters: Any) -> Any:
        """The JSON of the answer, before the client has read it."""
        return json.loads(self.ask(name, subject, **parameters).content)

    def rows(self, name: str, *, who: str) -> list[Any]:
        """For a function that takes a list for one object: what it asks for, each row read by its model."""
        function = BY_NAME[name]
        self.called.add(name)
        response = self.client(who).get_httpx_client().request(**function.module._get_kwargs())
        assert response.status_code == 200
        return [function.answer.from_dict(row) for row in response.json()]

    def _client(self, who: str) -> AuthenticatedClient:
        token = AuthToken.objects.issue(getattr(self.estate, who)).key
        return AuthenticatedClient(base_url=self.url, token=token, prefix="Token")

    def link(self, row: Row) -> str:
        return f"{self.url}/api/openstack-{PATHS[type(row)]}/{row.uuid.hex}/"

    def zone(self, model: Any) -> str:
        zone = model.objects.filter(settings=self.tenant.service_settings).earliest("pk")
        return self.link(zone)

    def name(self) -> str:
        """A name that nothing has yet."""
        return f"thing-{next(self._numbers)}"

    def now(self, row: Row) -> Row:
        """The row as it is in the database, which must be well."""
        found = type(row)._default_manager.get(pk=row.pk)
        assert found.state == "OK", found.error_message
        return found

    def gone(self, row: Row) -> bool:
        return not type(row)._default_manager.filter(pk=row.pk).exists()

    def upload(self, url: str, tenant: Row, image_id: Any, data: bytes) -> Any:
        """Bytes of an image, sent by the client's connection; the answer as the client's function reads it."""
        module = BY_NAME["openstack_marketplace_tenants_upload_image_data"].module
        client = self.client("provider_owner")
        path = f"/api/openstack-marketplace-tenants/{tenant.uuid}/upload_image_data/{image_id}/"
        assert url.replace("-", "").endswith(path.replace("-", ""))
        headers = {"Content-Type": "application/octet-stream"}
        response = client.get_httpx_client().post(path, content=data, headers=headers)
        self.called.add("openstack_marketplace_tenants_upload_image_data")
        return module._parse_response(client=client, response=response)

    def another_network(self) -> models.Network:
        parsed = self.call("openstack_tenants_create_network", self.tenant, {"name": self.name()})
        found: models.Network = self.now(models.Network.objects.get(uuid=parsed.uuid))
        return found

    def another_subnet(self, **more: Any) -> models.SubNet:
        """In a network of its own; joined to the tenant's router unless `skip_router_connection`."""
        body = {"name": self.name(), "cidr": self.cidr(), **more}
        parsed = self.call("openstack_networks_create_subnet", self.another_network(), body)
        found: models.SubNet = self.now(models.SubNet.objects.get(uuid=parsed.uuid))
        return found

    def cidr(self) -> str:
        """A block of addresses that no subnet has yet."""
        return f"10.{next(self._numbers)}.0.0/24"

    # what stands ---------------------------------------------------------------------------------------------------

    @property
    def tenant(self) -> models.Tenant:
        return self.estate.tenant

    @property
    def neighbour(self) -> models.Tenant:
        """Another tenant of the same project, with nothing of note in it."""
        return models.Tenant.objects.select_related("service_settings").get(name="proteome")

    @cached_property
    def backup(self) -> models.Backup:
        """Of the server."""
        parsed = self.call("openstack_instances_backup", self.server, {"name": "standing", "description": "It stands."})
        return cast(models.Backup, self.now(models.Backup.objects.get(uuid=parsed.uuid)))

    @cached_property
    def snapshot(self) -> models.Snapshot:
        """Of the free volume."""
        body = {"name": "standing", "description": "It stands."}
        parsed = self.call("openstack_volumes_snapshot", self.volume, body)
        return cast(models.Snapshot, self.now(models.Snapshot.objects.get(uuid=parsed.uuid)))

    @cached_property
    def restored_volume(self) -> models.Volume:
        """From the snapshot."""
        parsed = self.call("openstack_snapshots_restore", self.snapshot, {"name": "restored"})
        return cast(models.Volume, self.now(models.Volume.objects.get(uuid=parsed.uuid)))

    @cached_property
    def rescue_image(self) -> models.Image:
        """One that servers can be rescued with."""
        cloud = Cloud.of(self.tenant.service_settings).in_project(self.tenant.backend_id)
        rescuing = {"hw_rescue_device": "disk", "hw_rescue_bus": "virtio"}
        image = cloud.image.post(
            "/images", {"name": "rescue", "disk_format": "raw", "container_format": "bare", **rescuing}
        )
        headers = {"Content-Type": "application/octet-stream"}
        cloud.image.call("PUT", f"/images/{image['id']}/file", data=b"x", headers=headers)
        self.call("openstack_tenants_pull", self.tenant)
        return models.Image.objects.get(backend_id=image["id"])

    @property
    def subnet(self) -> models.SubNet:
        """The one the server is in."""
        return models.SubNet.objects.get(tenant=self.tenant, name="genome-sub-net")

    @property
    def server(self) -> models.Instance:
        return self.estate.server

    @property
    def volume(self) -> models.Volume:
        return self.estate.volume
