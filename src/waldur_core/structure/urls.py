from rest_framework.routers import BaseRouter

from waldur_core.structure.api.customers import CustomerViewSet
from waldur_core.structure.api.keys import SshKeyViewSet
from waldur_core.structure.api.metadata import MetadataViewSet
from waldur_core.structure.api.projects import ProjectViewSet
from waldur_core.structure.api.settings import ServiceSettingsViewSet
from waldur_core.structure.api.tokens import AuthTokenViewSet
from waldur_core.structure.api.users import UserViewSet


def register(router: BaseRouter) -> None:
    router.register("users", UserViewSet, basename="user")
    router.register("auth-tokens", AuthTokenViewSet, basename="auth-token")
    router.register("keys", SshKeyViewSet, basename="sshpublickey")
    router.register("customers", CustomerViewSet, basename="customer")
    router.register("projects", ProjectViewSet, basename="project")
    router.register("service-settings", ServiceSettingsViewSet, basename="servicesettings")
    router.register("metadata", MetadataViewSet, basename="metadata")
