from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PermissionsConfig(AppConfig):
    name = "waldur_core.permissions"
    label = "permissions"

    def ready(self) -> None:
        post_migrate.connect(create_system_roles, sender=self)


def create_system_roles(**_: Any) -> None:
    """Make the system roles that are missing; existing ones keep what staff made of them."""
    from waldur_core.permissions.models import Role
    from waldur_core.permissions.strings import SYSTEM_ROLES

    for role in SYSTEM_ROLES:
        Role.objects.get_or_create(
            name=role.name,
            defaults={
                "scope_type": role.scope_type,
                "description": role.description,
                "permissions": sorted(role.permissions),
                "is_system_role": True,
                "is_active": role.is_active,
            },
        )
