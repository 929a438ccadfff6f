"""Networks beyond one tenant: those shared with others, and the external ones of a cloud."""

from typing import ClassVar

from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_openstack.models.identity import CatalogueItem, Tenant, TenantObject
from waldur_openstack.models.network import Network


class NetworkRBACPolicy(TenantObject):
    """Lets `target_tenant` use a network of `tenant`, as a network of its own or as one to go out by."""

    class Type(models.TextChoices):
        SHARED = "access_as_shared"
        EXTERNAL = "access_as_external"

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="rbac_policies")
    target_tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inbound_rbac_policies")
    policy_type = models.CharField(max_length=20, choices=Type.choices, default=Type.SHARED)

    resource_type: ClassVar = "OpenStack.NetworkRBACPolicy"
    visible_through: ClassVar = (
        *TenantObject.visible_through,
        "target_tenant__project",
        "target_tenant__project__customer",
    )

    class Meta(TenantObject.Meta):
        verbose_name = "network RBAC policy"
        constraints = (
            models.UniqueConstraint(
                fields=("network", "target_tenant", "policy_type"), name="network_shared_once_with_a_tenant"
            ),
        )

    def __str__(self) -> str:
        return f"{self.network} for {self.target_tenant}"


class ExternalNetwork(CatalogueItem, IdentifiedModel):
    """A network of the cloud's operator by which tenants reach the world."""

    name = models.CharField(max_length=255)
    is_shared = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    status = models.CharField(max_length=20, blank=True, default="")
    description = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        ordering = ("settings", "name")
        verbose_name = "external network"
        constraints = (
            models.UniqueConstraint(fields=("settings", "backend_id"), name="external_network_unique_per_cloud"),
        )

    def __str__(self) -> str:
        return self.name


class ExternalSubnet(IdentifiedModel):
    """A block of public addresses. `public_ip_range`: what they are outside, where the cloud translates them."""

    network = models.ForeignKey(ExternalNetwork, on_delete=models.CASCADE, related_name="subnets")
    name = models.CharField(max_length=255, blank=True, default="")
    backend_id = models.CharField(max_length=64)
    cidr = models.CharField(max_length=43)
    gateway_ip = models.GenericIPAddressField(null=True)
    ip_version = models.PositiveSmallIntegerField(default=4)
    enable_dhcp = models.BooleanField(default=False)
    allocation_pools = models.JSONField(default=list, blank=True)
    dns_nameservers = models.JSONField(default=list, blank=True)
    public_ip_range = models.CharField(max_length=43, blank=True, default="")
    description = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        ordering = ("network", "name")
        verbose_name = "external subnet"
        constraints = (models.UniqueConstraint(fields=("network", "backend_id"), name="external_subnet_unique"),)
