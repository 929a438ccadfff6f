from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "waldur_mastermind.marketplace"
    label = "marketplace"
