from django.apps import AppConfig


class ReplicationConfig(AppConfig):
    name = "waldur_openstack_replication"
    label = "openstack_replication"
