from typing import Any, ClassVar

from django.db import models

from waldur_openstack.models.compute import Instance
from waldur_openstack.models.identity import Tenant, TenantObject

ROUTER_INTERFACES = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
# ports that are nobody's reason to keep a network
GOES_WITH_NETWORK = (*ROUTER_INTERFACES, "network:dhcp", "network:distributed")


class Network(TenantObject):
    """A virtual layer-2 network. Policies (`rbac_policies`) may let other tenants use it."""

    is_external = models.BooleanField(default=False)
    type = models.CharField(max_length=50, blank=True, default="")
    segmentation_id = models.PositiveIntegerField(null=True)
    mtu = models.PositiveIntegerField(null=True)
    port_security_enabled = models.BooleanField(default=True)

    resource_type: ClassVar = "OpenStack.Network"

    class Meta(TenantObject.Meta):
        verbose_name = "network"

    @classmethod
    def visible_also(cls, user: Any) -> models.Q:
        """Those shared with the tenants one sees."""
        from waldur_core.permissions.visibility import visibility

        tenants = Tenant.objects.filter(visibility(user, Tenant)).values("pk")
        return models.Q(pk__in=cls.shared_with(rbac_policies__target_tenant__in=tenants))

    @classmethod
    def usable_in(cls, tenant: Tenant) -> models.Q:
        """The condition that ports of `tenant` may be on it: its own, or shared with it."""
        shared = cls.shared_with(rbac_policies__target_tenant=tenant, rbac_policies__policy_type="access_as_shared")
        return models.Q(tenant=tenant) | models.Q(pk__in=shared)

    @classmethod
    def shared_with(cls, **policies: Any) -> models.QuerySet[Any]:
        """The keys of the networks to which a policy like this applies, in the cloud too."""
        return cls._default_manager.filter(rbac_policies__backend_id__gt="", **policies).values("pk")


class Router(TenantObject):
    """Connects subnets with each other and, through its gateway, with an external network."""

    external_network_id = models.CharField(max_length=64, blank=True, default="")
    enable_snat = models.BooleanField(null=True)
    external_fixed_ips = models.JSONField(default=list, blank=True)
    routes = models.JSONField(default=list, blank=True)
    fixed_ips = models.JSONField(default=list, blank=True)

    resource_type: ClassVar = "OpenStack.Router"

    class Meta(TenantObject.Meta):
        verbose_name = "router"


class SubNet(TenantObject):
    """A block of addresses of a network."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="subnets")
    router = models.ForeignKey(Router, null=True, on_delete=models.SET_NULL, related_name="subnets")
    cidr = models.CharField(max_length=43)
    gateway_ip = models.GenericIPAddressField(null=True)
    disable_gateway = models.BooleanField(default=False)
    allocation_pools = models.JSONField(default=list, blank=True)
    ip_version = models.PositiveSmallIntegerField(default=4)
    ipv6_ra_mode = models.CharField(max_length=20, null=True)
    ipv6_address_mode = models.CharField(max_length=20, null=True)
    enable_dhcp = models.BooleanField(default=True)
    dns_nameservers = models.JSONField(default=list, blank=True)
    host_routes = models.JSONField(default=list, blank=True)
    is_connected = models.BooleanField(default=False)

    resource_type: ClassVar = "OpenStack.SubNet"

    class Meta(TenantObject.Meta):
        ordering = ("network", "name")
        verbose_name = "subnet"

    @classmethod
    def visible_also(cls, user: Any) -> models.Q:
        """Those of networks that are shared with the tenants one sees."""
        return models.Q(network__in=Network._default_manager.filter(Network.visible_also(user)).values("pk"))

    @classmethod
    def usable_in(cls, tenant: Tenant) -> models.Q:
        """The condition that ports of `tenant` may have its addresses."""
        return models.Q(network__in=Network._default_manager.filter(Network.usable_in(tenant)).values("pk"))


class Port(TenantObject):
    """A network interface: of a server, a router or nothing yet."""

    network = models.ForeignKey(Network, null=True, on_delete=models.CASCADE, related_name="ports")
    subnet = models.ForeignKey(SubNet, null=True, on_delete=models.CASCADE, related_name="ports")
    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="ports")
    fixed_ips = models.JSONField(default=list, blank=True)
    mac_address = models.CharField(max_length=17, blank=True, default="")
    allowed_address_pairs = models.JSONField(default=list, blank=True)
    security_groups = models.ManyToManyField("openstack.SecurityGroup", related_name="ports", blank=True)
    port_security_enabled = models.BooleanField(default=True)
    device_id = models.CharField(max_length=255, blank=True, default="")
    device_owner = models.CharField(max_length=255, blank=True, default="")
    admin_state_up = models.BooleanField(default=True)
    status = models.CharField(max_length=20, blank=True, default="")

    resource_type: ClassVar = "OpenStack.Port"

    class Meta(TenantObject.Meta):
        verbose_name = "port"
        indexes = (models.Index(fields=("name", "id")),)

    @property
    def is_external(self) -> bool:
        """Whether it connects its server directly to an external network."""
        return self.network.is_external if self.network else bool(self.instance_id)


class FloatingIP(TenantObject):
    """A public address, attached to a port or free."""

    name = models.CharField(max_length=150, blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    port = models.ForeignKey(Port, null=True, on_delete=models.SET_NULL, related_name="floating_ips")
    backend_network_id = models.CharField(max_length=64, blank=True, default="")
    external_address = models.GenericIPAddressField(null=True)
    runtime_state = models.CharField(max_length=50, blank=True, default="")

    resource_type: ClassVar = "OpenStack.FloatingIP"

    class Meta(TenantObject.Meta):
        verbose_name = "floating IP"

    def __str__(self) -> str:
        return self.address or "floating IP"
