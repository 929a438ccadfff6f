import pkgutil
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps


class OperationsConfig(AppConfig):
    name = "waldur_core.operations"
    label = "operations"

    def ready(self) -> None:
        """Every process knows the workflows of every app, also a worker that never serves the API."""
        for app in apps.get_app_configs():
            import_workflows(f"{app.name}.workflows")


def import_workflows(name: str) -> None:
    """Import the module or package `name` with its modules, if there is one; the workflows register themselves."""
    if find_spec(name):
        package = import_module(name)
        for module in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{name}."):
            import_module(module.name)
