"""Cinder v3: https://docs.openstack.org/api-ref/block-storage/v3/."""
