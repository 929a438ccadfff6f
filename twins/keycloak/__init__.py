"""A simulated Keycloak: as much of its administration API as groups and their members need."""

from .twin import KeycloakTwin

__all__ = ["KeycloakTwin"]
