"""A listener for each cloud that has a broker: started, replaced when its options change or it has ended, stopped."""

import logging
import threading

from django.db import Error, close_old_connections

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.notifications.configuration import Source
from waldur_openstack.notifications.listener import Listener

logger = logging.getLogger(__name__)


class Supervisor:
    def __init__(self) -> None:
        self.listeners: dict[int, Listener] = {}

    def run(self, stopping: threading.Event, seconds: float) -> None:
        """Look after the listeners until `stopping` is set. A database that is away is waited for."""
        try:
            while not stopping.is_set():
                try:
                    close_old_connections()
                    self.look()
                except Error as error:
                    logger.warning("The database does not answer: %s", error)
                stopping.wait(seconds)
        finally:
            self.stop()

    def look(self) -> None:
        clouds = {service.pk: service for service in ServiceSettings.objects.filter(type="OpenStack")}
        wanted = {pk: source for pk, service in clouds.items() if (source := Source.of(service))}
        for pk, listener in list(self.listeners.items()):
            if pk not in clouds or not listener.serves(clouds[pk], wanted.get(pk)):
                listener.stop()
                del self.listeners[pk]
        for pk in wanted.keys() - self.listeners.keys():
            self.listeners[pk] = Listener(clouds[pk], wanted[pk]).start()

    def stop(self) -> None:
        for listener in self.listeners.values():
            listener.stopping.set()
        for listener in self.listeners.values():
            listener.stop()
        self.listeners.clear()
