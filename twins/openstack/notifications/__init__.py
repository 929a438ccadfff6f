"""Notifications of the simulated OpenStack: oslo.messaging's messages on a real RabbitMQ."""

from .emitter import EXCHANGES, Emitter

__all__ = ["EXCHANGES", "Emitter"]
