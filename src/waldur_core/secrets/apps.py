from django.apps import AppConfig


class SecretsConfig(AppConfig):
    name = "waldur_core.secrets"
    label = "secrets"
