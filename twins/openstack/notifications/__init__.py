"""Notifications of the simulated OpenStack: oslo.messaging's messages on a real RabbitMQ."""

from .emitter import Emitter

__all__ = ["Emitter"]
