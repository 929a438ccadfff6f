"""Keystone as a service of the twin. It also answers ``/``, the list of versions."""

from ..service import Service
from ..wire import Route
from .routes import ROUTES, show_versions

SERVICE = Service("identity", "/v3", [*ROUTES, Route("GET", "/versions", "version.list", show_versions, public=True)])
