from rest_framework.routers import BaseRouter

from waldur_core.permissions.api import RoleViewSet


def register(router: BaseRouter) -> None:
    router.register("roles", RoleViewSet, basename="role")
