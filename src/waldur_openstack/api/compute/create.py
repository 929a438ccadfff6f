"""The request body of a new server, and the rows it becomes."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.serializers import RelatedLinkField
from waldur_core.structure.models import SshPublicKey
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.api.block_storage import default_volume_type
from waldur_openstack.api.compute.connections import (
    InstanceFloatingIPSerializer,
    InstancePortSerializer,
    asked_addresses,
    claimed,
    require_distinct_subnets,
    with_both,
)
from waldur_openstack.api.tenant_scope import InTenantSerializer, OwnLinkField, UsableLinkField
from waldur_openstack.api.validators import MOST_MIB, MetadataField, validate_gibibyte, validate_host_name
from waldur_openstack.models import (
    Flavor,
    FloatingIP,
    Image,
    Instance,
    InstanceAvailabilityZone,
    Port,
    SecurityGroup,
    ServerGroup,
    Volume,
    VolumeType,
)
from waldur_openstack.workflows.compute import CreateInstance
from waldur_openstack.workflows.context import MOST_METADATA

MAX_USER_DATA = 65535  # Nova's own limit, in bytes


class DataVolumeSerializer(InTenantSerializer):
    size = serializers.IntegerField(validators=[validate_gibibyte])
    volume_type = UsableLinkField(
        "openstack-volume-type-detail", queryset=VolumeType.objects.all(), required=False, allow_null=True
    )


class InstanceCreateSerializer(InTenantSerializer):
    """The attributes of a new server; the context holds `tenant` and `user`. Sizes in MiB."""

    workflow: ClassVar[type[CreateInstance]] = CreateInstance

    name = serializers.CharField(max_length=255, validators=[validate_host_name])
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    flavor = UsableLinkField("openstack-flavor-detail", queryset=Flavor.objects.all())
    image = UsableLinkField("openstack-image-detail", queryset=Image.objects.all())
    system_volume_size = serializers.IntegerField(validators=[validate_gibibyte])
    system_volume_type = UsableLinkField(
        "openstack-volume-type-detail", queryset=VolumeType.objects.all(), required=False, allow_null=True
    )
    data_volume_size = serializers.IntegerField(validators=[validate_gibibyte], required=False, allow_null=True)
    data_volume_type = UsableLinkField(
        "openstack-volume-type-detail", queryset=VolumeType.objects.all(), required=False, allow_null=True
    )
    data_volumes = DataVolumeSerializer(many=True, default=list)
    ports = InstancePortSerializer(many=True, allow_empty=False)
    floating_ips = InstanceFloatingIPSerializer(many=True, default=list)
    security_groups = serializers.ListField(
        child=OwnLinkField("openstack-security-group-detail", queryset=SecurityGroup.objects.all()), default=list
    )
    server_group = OwnLinkField("openstack-server-group-detail", queryset=ServerGroup.objects.all(), required=False)
    ssh_public_key = RelatedLinkField("sshpublickey-detail", queryset=SshPublicKey.objects.all(), required=False)
    user_data = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    availability_zone = UsableLinkField(
        "openstack-instance-availability-zone-detail",
        queryset=InstanceAvailabilityZone.objects.all(),
        required=False,
        allow_null=True,
    )
    connect_directly_to_external_network = serializers.BooleanField(default=False)
    config_drive = serializers.BooleanField(required=False, allow_null=True)
    metadata = MetadataField(default=dict)

    def validate_user_data(self, value: str) -> str:
        if len(value.encode()) > MAX_USER_DATA:
            raise ValidationError(f"User data must not be longer than {MAX_USER_DATA} bytes.")
        return value

    def validate_metadata(self, value: dict[str, str]) -> dict[str, str]:
        """One place is taken by our mark until the server exists."""
        if len(value) >= MOST_METADATA:
            raise ValidationError(f"At most {MOST_METADATA - 1} entries while the server is being made.")
        return value

    def validate_server_group(self, group: ServerGroup) -> ServerGroup:
        if group.state != CoreState.OK:
            raise ValidationError(f"The server group is {group.state}; it must be OK.")
        return group

    def validate_availability_zone(self, zone: InstanceAvailabilityZone | None) -> InstanceAvailabilityZone | None:
        if zone and not zone.available:
            raise ValidationError("This zone is not available at present.")
        return zone

    def validate_connect_directly_to_external_network(self, value: bool) -> bool:
        if value and not settings.WALDUR_OPENSTACK["ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION"]:
            raise ValidationError("The operator does not allow direct connections to an external network.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self._check_sizes(attrs)
        self._check_network(attrs)
        self._check_zone(attrs)
        counters.check(self.tenant, self._needs(attrs))
        return attrs

    def _check_sizes(self, attrs: dict[str, Any]) -> None:
        image, flavor = attrs["image"], attrs["flavor"]
        if image.min_ram > flavor.ram:
            text = f"The image needs {image.min_ram} MiB of RAM, the flavor has {flavor.ram}. Choose a larger flavor."
            raise ValidationError({"flavor": [text]})
        if attrs["system_volume_size"] < image.min_disk:
            raise ValidationError({"system_volume_size": [f"The image needs at least {image.min_disk} MiB."]})
        if sum(volume.size for volume in self._volumes(attrs)) > MOST_MIB:
            raise ValidationError({"system_volume_size": [f"All volumes together are larger than {MOST_MIB} MiB."]})

    def _check_network(self, attrs: dict[str, Any]) -> None:
        subnets = require_distinct_subnets(attrs["ports"])
        direct = "connect_directly_to_external_network"
        if attrs[direct] and not self.tenant.external_network_id:
            raise ValidationError({direct: ["The tenant is not connected to an external network."]})
        wanted = [item["subnet"] for item in attrs["floating_ips"]]
        if not wanted:
            return
        if not self.tenant.external_network_id:
            raise ValidationError({"floating_ips": ["The tenant is not connected to an external network."]})
        if any(subnet not in subnets for subnet in wanted):
            raise ValidationError({"floating_ips": ["A floating IP needs a port on its subnet."]})
        if len({subnet.pk for subnet in wanted}) != len(wanted):
            raise ValidationError({"floating_ips": ["At most one floating IP per subnet."]})

    def _check_zone(self, attrs: dict[str, Any]) -> None:
        if attrs.get("availability_zone") or not settings.WALDUR_OPENSTACK["REQUIRE_AVAILABILITY_ZONE"]:
            return
        if InstanceAvailabilityZone.objects.filter(settings=self.tenant.service_settings, available=True).exists():
            raise ValidationError({"availability_zone": ["This field is required."]})

    def _needs(self, attrs: dict[str, Any]) -> dict[str, int]:
        instance, volumes = self._instance(attrs), self._volumes(attrs)
        new_addresses = sum(item["address"] is None for item in attrs["floating_ips"])
        new_ports = sum("port" not in item for item in attrs["ports"]) + attrs["connect_directly_to_external_network"]
        return quotas.added(
            quotas.of_instance(instance),
            {"floating_ip_count": new_addresses},
            quotas.of_ports(new_ports),
            *(quotas.of_volume(volume) for volume in volumes),
        )

    # rows --------------------------------------------------------------------------------------------------------

    def _instance(self, attrs: dict[str, Any]) -> Instance:
        flavor, image, key = attrs["flavor"], attrs["image"], attrs.get("ssh_public_key")
        drive = attrs.get("config_drive")
        return Instance(
            tenant=self.tenant,
            flavor_name=flavor.name,
            flavor_disk=flavor.disk,
            cores=flavor.cores,
            ram=flavor.ram,
            disk=sum(volume.size for volume in self._volumes(attrs)),
            image_name=image.name,
            min_ram=image.min_ram,
            min_disk=image.min_disk,
            ssh_key=key,
            key_name=key.name if key else "",
            key_fingerprint=key.fingerprint_md5 if key else "",
            config_drive=self.tenant.service_settings.options.get("config_drive") if drive is None else drive,
            availability_zone=attrs.get("availability_zone"),
            server_group=attrs.get("server_group"),
            **{
                name: attrs[name]
                for name in ("name", "description", "user_data", "metadata", "connect_directly_to_external_network")
            },
        )

    def _volumes(self, attrs: dict[str, Any]) -> list[Volume]:
        """The system volume, then the data volumes `-data`, `-data-2`, …"""
        name, default = attrs["name"], default_volume_type(self.tenant)
        image = attrs["image"]
        system = Volume(
            tenant=self.tenant,
            name=Instance(name=name).system_volume_name,
            size=attrs["system_volume_size"],
            type=attrs.get("system_volume_type") or default,
            image=image,
            image_name=image.name,
            bootable=True,
        )
        data: list[dict[str, Any]] = [*attrs["data_volumes"]]
        if size := attrs.get("data_volume_size"):
            data.insert(0, {"size": size, "volume_type": attrs.get("data_volume_type")})
        return [system] + [
            Volume(
                tenant=self.tenant,
                name=f"{name[:140]}-data" + (f"-{number}" if number > 1 else ""),
                size=item["size"],
                type=item.get("volume_type") or default,
            )
            for number, item in enumerate(data, start=1)
        ]

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Instance:
        """All rows, their quotas, and the operation that makes them real."""
        counters.change(self.tenant, self._needs(validated))
        instance = self._instance(validated)
        instance.save()
        instance.security_groups.set(validated["security_groups"])
        for volume in self._volumes(validated):
            volume.instance = instance
            volume.save()
        ports = {port.subnet_id: port for port in self._ports(instance, validated)}
        for item in validated["floating_ips"]:
            address = item["address"] or FloatingIP(
                tenant=self.tenant, backend_network_id=self.tenant.external_network_id
            )
            address.port = ports[item["subnet"].pk]
            address.save()
        parameters = {"flavor": validated["flavor"].backend_id}
        start(self.workflow, instance, user=self.context["user"], parameters=parameters)
        return instance

    def _ports(self, instance: Instance, validated: dict[str, Any]) -> list[Port]:
        ports = []
        for number, item in enumerate(map(with_both, validated["ports"]), start=1):
            port = claimed(item["port"]) or Port(
                tenant=self.tenant,
                name=f"{instance.name[:140]}-port-{number}",
                subnet=item["subnet"],
                network=item["subnet"].network,
                fixed_ips=asked_addresses(item),
                port_security_enabled=item["port_security_enabled"],
            )
            port.instance = instance
            port.save()
            if not item["port"]:
                port.security_groups.set(validated["security_groups"] if port.port_security_enabled else [])
            ports.append(port)
        if validated["connect_directly_to_external_network"]:
            ports.append(self._external_port(instance, validated))
        return ports

    def _external_port(self, instance: Instance, validated: dict[str, Any]) -> Port:
        """On the external network, which has no row of a tenant."""
        port = Port.objects.create(tenant=self.tenant, name=f"{instance.name[:140]}-external", instance=instance)
        port.security_groups.set(validated["security_groups"])
        return port
