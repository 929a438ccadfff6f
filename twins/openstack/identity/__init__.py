"""Keystone v3: https://docs.openstack.org/api-ref/identity/v3/."""
