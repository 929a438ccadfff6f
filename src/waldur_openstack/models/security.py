from typing import ClassVar

from django.db import models

from waldur_openstack.models.identity import TenantObject


class SecurityGroup(TenantObject):
    """A named set of firewall rules; nothing is allowed in unless a rule says so."""

    resource_type: ClassVar = "OpenStack.SecurityGroup"

    class Meta(TenantObject.Meta):
        ordering = ("tenant__name", "name")
        verbose_name = "security group"


class SecurityGroupRule(models.Model):
    """One rule. No ports: all of them; no CIDR and no remote group: any address."""

    security_group = models.ForeignKey(SecurityGroup, on_delete=models.CASCADE, related_name="rules")
    remote_group = models.ForeignKey(SecurityGroup, null=True, on_delete=models.CASCADE, related_name="+")
    ethertype = models.CharField(max_length=4, default="IPv4")
    direction = models.CharField(max_length=8, default="ingress")
    protocol = models.CharField(max_length=40, blank=True, default="")
    from_port = models.IntegerField(null=True)
    to_port = models.IntegerField(null=True)
    cidr = models.CharField(max_length=43, null=True)
    description = models.CharField(max_length=255, blank=True, default="")
    backend_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("pk",)
