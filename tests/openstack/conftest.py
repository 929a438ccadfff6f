from tests.openstack.fixtures import instance, running_twin, service_settings, tenant, twin

__all__ = ["instance", "running_twin", "service_settings", "tenant", "twin"]
