from rest_framework.routers import BaseRouter

from waldur_core.structure.api.keys import SshKeyViewSet
from waldur_core.structure.api.tokens import AuthTokenViewSet
from waldur_core.structure.api.users import UserViewSet


def register(router: BaseRouter) -> None:
    router.register("users", UserViewSet, basename="user")
    router.register("auth-tokens", AuthTokenViewSet, basename="auth-token")
    router.register("keys", SshKeyViewSet, basename="sshpublickey")
