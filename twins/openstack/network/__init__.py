"""Neutron v2.0: https://docs.openstack.org/api-ref/network/v2/."""
