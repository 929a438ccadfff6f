from django.apps import AppConfig


class ServerConfig(AppConfig):
    name = "waldur_core.server"
    label = "server"
