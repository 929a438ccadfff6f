"""backend_settings of the agent's configuration and plugin_options of the offering, as one."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from .core.errors import BadInput

logger = logging.getLogger(__name__)

VDC, VM = "vdc", "vm"
OF_CONNECTION = ("api_url", "credentials", "resource_type", "create_opennebula_user", "verify_ssl", "request_timeout")
OF_PLACES = ("zone_id", "cluster_ids", "sched_requirements", "parent_vdc_backend_id", "template_id", "engine_image_id")
OF_NETWORK = (
    *("external_network_id", "virtual_router_template_id", "vxlan_phydev", "default_dns", "internal_network_base"),
    *("internal_network_prefix", "subnet_prefix_length", "security_group_defaults"),
)
OF_KEYCLOAK = ("keycloak_enabled", "keycloak")
OF_AGENT = (
    *("allocation_prefix", "project_prefix", "customer_prefix", "default_account", "soft_delete", "periodic_limits"),
    *("check_backend_id_uniqueness", "check_all_offerings", "backend_id_max_retries"),
)
KNOWN = (*OF_CONNECTION, *OF_PLACES, *OF_NETWORK, *OF_KEYCLOAK, *OF_AGENT)
OF_OFFERING = (*OF_PLACES, *OF_NETWORK)
ALMOST = 0.8  # how alike two keys are when one is the other, misspelt


def check(settings: Mapping[str, Any]) -> None:
    """Refuse what cannot work; say what is not known."""
    for key in settings:
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(KNOWN)}."
            logger.warning("backend_settings.%s is not known and is ignored. %s", key, hint)
    url, credentials = str(settings.get("api_url") or ""), str(settings.get("credentials") or "")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput("backend_settings.api_url", f"{url!r} is no URL. Write for example http://opennebula:2633/RPC2.")
    name, colon, password = credentials.partition(":")
    if not (name and colon and password):
        raise BadInput("backend_settings.credentials", "a name and a password are needed. Write username:password.")
    if settings.get("resource_type", VDC) not in (VDC, VM):
        raise BadInput(
            "backend_settings.resource_type", f"{settings['resource_type']!r} is not known. Write vdc or vm."
        )


def check_options(options: Mapping[str, Any], of_marketplace: Collection[str]) -> None:
    """Refuse what was meant for us and would have no effect. The marketplace and others have keys there, too."""
    for key in options:
        if key in OF_OFFERING or key in of_marketplace:
            continue
        name = f"plugin_options.{key}"
        if key in (*OF_CONNECTION, *OF_KEYCLOAK):
            raise BadInput(name, "it is read only in the agent's configuration. Write it into backend_settings.")
        if near := difflib.get_close_matches(key, OF_OFFERING, 1, ALMOST):
            raise BadInput(name, f"it is not known. Did you mean {near[0]}?")
        logger.warning("%s is not known here and is ignored. Known are %s.", name, ", ".join(OF_OFFERING))


def with_plugin_options(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The offering's options take precedence, as far as they say something."""
    return {**settings, **{key: value for key, value in options.items() if value not in (None, "", [])}}
