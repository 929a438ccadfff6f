from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "waldur_core.operations"
    label = "operations"
