"""Nova 2.1 with microversions: https://docs.openstack.org/api-ref/compute/."""
