from rest_framework.routers import BaseRouter

from waldur_core.events.api import EventViewSet


def register(router: BaseRouter) -> None:
    router.register("events", EventViewSet, basename="event")
