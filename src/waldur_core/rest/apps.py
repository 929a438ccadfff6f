from django.apps import AppConfig


class RestConfig(AppConfig):
    name = "waldur_core.rest"
    label = "rest"
