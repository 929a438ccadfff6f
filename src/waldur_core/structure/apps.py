from django.apps import AppConfig


class StructureConfig(AppConfig):
    name = "waldur_core.structure"
    label = "structure"
