from django.apps import AppConfig


class MarketplaceOpenstackConfig(AppConfig):
    name = "waldur_mastermind.marketplace_openstack"
    label = "marketplace_openstack"
