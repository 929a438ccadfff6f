from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "waldur_mastermind.billing"
    label = "billing"

    def ready(self) -> None:
        from waldur_core.structure.api.estimates import register
        from waldur_mastermind.billing import handlers
        from waldur_mastermind.billing.estimates import estimates_for
        from waldur_mastermind.billing.locks import counts_no_more
        from waldur_mastermind.marketplace.usages import register_closing

        handlers.connect()
        register_closing(counts_no_more)
        register(estimates_for)
