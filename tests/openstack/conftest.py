from tests.openstack.fixtures import fresh_cloud, instance, running_twin, service_settings, tenant, twin

__all__ = ["fresh_cloud", "instance", "running_twin", "service_settings", "tenant", "twin"]
