from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "waldur_mastermind.marketplace"
    label = "marketplace"

    def ready(self) -> None:
        from waldur_mastermind.marketplace import basic  # noqa: F401  registers its type
