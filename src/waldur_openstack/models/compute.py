from typing import Any, ClassVar

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from waldur_core.models import IdentifiedModel
from waldur_core.secrets.fields import EncryptedTextField
from waldur_core.structure.models import SshPublicKey
from waldur_openstack.models.identity import CatalogueItem, TenantObject


class Flavor(CatalogueItem, IdentifiedModel):
    """A size of servers. RAM and disk in MiB."""

    name = models.CharField(max_length=255)
    cores = models.PositiveIntegerField()
    ram = models.PositiveIntegerField()
    disk = models.PositiveIntegerField()

    class Meta:
        ordering = ("settings", "cores", "ram", "disk")
        constraints = (models.UniqueConstraint(fields=("settings", "backend_id"), name="flavor_unique_per_cloud"),)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def offered(cls) -> models.Q:
        """Not those whose name matches the option `flavor_exclude_regex`."""
        pattern = KeyTextTransform("flavor_exclude_regex", "settings__options")
        matches = models.Func(
            models.F("name"), pattern, arg_joiner=" ~ ", template="%(expressions)s", output_field=models.BooleanField()
        )
        return ~models.Q(Coalesce(matches, False))


class InstanceAvailabilityZone(CatalogueItem, IdentifiedModel):
    """A zone servers can be placed in; its backend id is its name."""

    name = models.CharField(max_length=255)
    available = models.BooleanField(default=True)

    class Meta:
        ordering = ("settings", "name")
        verbose_name = "availability zone"
        constraints = (models.UniqueConstraint(fields=("settings", "name"), name="instance_zone_unique_per_cloud"),)

    def __str__(self) -> str:
        return self.name


class ServerGroup(TenantObject):
    """Servers that shall be together, or apart."""

    class Policy(models.TextChoices):
        AFFINITY = "affinity"
        ANTI_AFFINITY = "anti-affinity"
        SOFT_AFFINITY = "soft-affinity"
        SOFT_ANTI_AFFINITY = "soft-anti-affinity"

    policy = models.CharField(max_length=40, blank=True, default="affinity")

    resource_type: ClassVar = "OpenStack.ServerGroup"

    class Meta(TenantObject.Meta):
        verbose_name = "server group"


class Instance(TenantObject):
    """A server. Sizes in MiB; flavor and image are kept by name, for they may vanish from the catalogue."""

    name = models.CharField(max_length=255)
    flavor_name = models.CharField(max_length=255, blank=True, default="")
    flavor_disk = models.PositiveIntegerField(default=0)
    cores = models.PositiveIntegerField(default=0)
    ram = models.PositiveIntegerField(default=0)
    disk = models.PositiveIntegerField(default=0, help_text="Sum of the volumes it was created with.")
    image_name = models.CharField(max_length=255, blank=True, default="")
    min_ram = models.PositiveIntegerField(default=0)
    min_disk = models.PositiveIntegerField(default=0)
    ssh_key = models.ForeignKey(SshPublicKey, null=True, on_delete=models.SET_NULL, related_name="+")
    key_name = models.CharField(max_length=255, blank=True, default="")
    key_fingerprint = models.CharField(max_length=100, blank=True, default="")
    user_data: Any = EncryptedTextField(blank=True, default="")
    availability_zone = models.ForeignKey(
        InstanceAvailabilityZone, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    server_group = models.ForeignKey(ServerGroup, null=True, on_delete=models.SET_NULL, related_name="instances")
    security_groups = models.ManyToManyField("openstack.SecurityGroup", related_name="instances", blank=True)
    connect_directly_to_external_network = models.BooleanField(default=False)
    config_drive = models.BooleanField(null=True)
    metadata = models.JSONField(default=dict, blank=True)
    runtime_state = models.CharField(max_length=50, blank=True, default="")
    start_time = models.DateTimeField(null=True)
    hypervisor_hostname = models.CharField(max_length=255, blank=True, default="")
    action = models.CharField(max_length=50, blank=True, default="")
    action_details = models.JSONField(default=dict, blank=True)

    resource_type: ClassVar = "OpenStack.Instance"

    class Meta(TenantObject.Meta):
        verbose_name = "instance"
        indexes = (models.Index(fields=("name", "id")),)

    @property
    def system_volume_name(self) -> str:
        """How the volume that it boots from is called."""
        return f"{self.name[:143]}-system"

    @property
    def floating_ips(self) -> list[Any]:
        """The public addresses of its ports; each knows its port without asking the database again."""
        found = []
        for port in self.ports.all():
            for address in port.floating_ips.all():
                address.port = port
                if Instance.service_settings.is_cached(self):
                    address.service_settings = self.service_settings
                found.append(address)
        return found

    @property
    def external_ips(self) -> list[str]:
        """Its public addresses, and those of a port on an external network."""
        public = [address.address for address in self.floating_ips if address.address]
        return public + self._fixed_ips(external=True)

    @property
    def internal_ips(self) -> list[str]:
        return self._fixed_ips(external=False)

    def _fixed_ips(self, *, external: bool) -> list[str]:
        ports = [port for port in self.ports.all() if port.is_external == external]
        return [fixed["ip_address"] for port in ports for fixed in port.fixed_ips if "ip_address" in fixed]
