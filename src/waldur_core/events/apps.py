from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "waldur_core.events"
    label = "events"
