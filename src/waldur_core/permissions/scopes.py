"""On what roles can be granted: models that declare `role_scope`, the word for them in `Role.scope_type`."""

from django.apps import apps
from django.db.models import Model


def scope_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if hasattr(model, "role_scope")]


def scope_types() -> list[str]:
    return sorted(model.role_scope for model in scope_models())  # type: ignore[attr-defined]
