"""Tenants. One file per concern: how they are shown, made, changed, their quotas, and what the cloud has in them."""

from waldur_openstack.api.identity.creation import TenantCreateSerializer, default_security_groups
from waldur_openstack.api.identity.quotas import below_usage
from waldur_openstack.api.identity.serializers import TenantSerializer
from waldur_openstack.api.identity.views import TenantViewSet

__all__ = ["TenantCreateSerializer", "TenantSerializer", "TenantViewSet", "below_usage", "default_security_groups"]
