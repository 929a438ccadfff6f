from rest_framework.routers import BaseRouter

from waldur_core.operations.api import OperationViewSet


def register(router: BaseRouter) -> None:
    router.register("operations", OperationViewSet, basename="operation")
