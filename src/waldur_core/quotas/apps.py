from django.apps import AppConfig


class QuotasConfig(AppConfig):
    name = "waldur_core.quotas"
    label = "quotas"
