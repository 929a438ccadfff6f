"""Tenant replication: the shape of a tenant (networks, firewalls, ports, quotas) made anew in another OpenStack."""
