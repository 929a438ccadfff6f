from django.apps import AppConfig


class OpenstackConfig(AppConfig):
    name = "waldur_openstack"
    label = "openstack"
