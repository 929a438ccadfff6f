from rest_framework.routers import BaseRouter

from waldur_openstack_replication.api.views import MigrationViewSet


def register(router: BaseRouter) -> None:
    router.register("openstack-migrations", MigrationViewSet, basename="openstack-migration")
