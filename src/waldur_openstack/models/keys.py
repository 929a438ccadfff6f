from typing import ClassVar

from django.db import models

from waldur_openstack.models.identity import TenantObject


class KeyDistribution(TenantObject):
    """Which SSH keys the user of a tenant has in Nova; one row per tenant, made once the tenant exists."""

    pending = models.BooleanField(default=False, help_text="Something has changed since the keys were last compared.")
    names = models.JSONField(default=list, blank=True, help_text="The key pairs that were there after the last run.")

    resource_type: ClassVar = "OpenStack.KeyDistribution"

    class Meta(TenantObject.Meta):
        verbose_name = "distribution of SSH keys"
        constraints = (models.UniqueConstraint(fields=("tenant",), name="one_key_distribution_per_tenant"),)
