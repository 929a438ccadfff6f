"""From the options of a tenant offering to the service settings it is connected by (seed: Configuring a Provider)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlparse

from rest_framework.exceptions import ValidationError

from waldur_core.operations.start import start
from waldur_core.rest.patterns import problem_of_pattern
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Offering
from waldur_openstack.custom_images import LIMIT_OPTIONS
from waldur_openstack.notifications.configuration import OPTIONS as NOTIFICATIONS
from waldur_openstack.notifications.configuration import problems_of
from waldur_openstack.sync.orphans import OPTION
from waldur_openstack.translation import pairs_of
from waldur_openstack.workflows.connection import CheckConnection, ConnectCloud
from waldur_openstack.workflows.provision import OPTIONS

PROVISION_OPTIONS = tuple(OPTIONS.values())

REQUIRED = ("backend_url", "username", "password", "tenant_name")
SECRET = (*REQUIRED, "domain", "external_network_id", "certificate", "ipv4_external_ip_mapping", *NOTIFICATIONS)
PUBLIC = (
    "access_url",
    "verify_ssl",
    "availability_zone",
    "volume_availability_zone_name",
    "region",
    "console_type",
    "console_domain_override",
    "config_drive",
    "dns_nameservers",
    "latitude",
    "longitude",
)
HIDING = ("flavor_exclude_regex", "volume_type_blacklist")
# options of the offering that what is in the cloud needs
FROM_PLUGIN = ("default_internal_network_mtu", OPTION, *LIMIT_OPTIONS, *PROVISION_OPTIONS)


TEXTS = frozenset(SECRET + PUBLIC + HIDING) - {
    "ipv4_external_ip_mapping", "verify_ssl", "config_drive", "dns_nameservers", "latitude", "longitude",
    "volume_type_blacklist", "notifications_exchanges", "notifications_topics",
}  # fmt: skip
FLAGS = ("verify_ssl", "config_drive")


def validate_attributes(attributes: Mapping[str, Any]) -> None:
    """400 with the fields that are missing or wrong. Nothing at all is fine for a draft."""
    if not attributes:
        return
    errors = {name: ["This field is required."] for name in REQUIRED if not attributes.get(name)}
    errors |= {name: ["Give a text."] for name in TEXTS if not isinstance(attributes.get(name, ""), str)}
    errors |= {name: ["Give true or false."] for name in FLAGS if not isinstance(attributes.get(name, True), bool)}
    if "backend_url" not in errors and not _is_web_address(attributes["backend_url"]):
        errors["backend_url"] = ["Give the URL of Keystone, such as https://keystone.example.com:5000/v3."]
    errors |= _wrong_translation(attributes)
    errors |= {name: text for name, text in problems_of(attributes).items() if name not in errors}
    pattern, names = attributes.get("flavor_exclude_regex"), attributes.get("volume_type_blacklist", [])
    if isinstance(pattern, str) and (problem := problem_of_pattern(pattern)):
        errors["flavor_exclude_regex"] = [problem]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        errors["volume_type_blacklist"] = ["Give a list of names."]
    if errors:
        raise ValidationError({"service_attributes": errors})


def _wrong_translation(attributes: Mapping[str, Any]) -> dict[str, list[str]]:
    try:
        list(pairs_of(attributes.get("ipv4_external_ip_mapping") or []))
    except ValueError as error:
        return {
            "ipv4_external_ip_mapping": [
                'Give [{"floating_ip": "10.0.0.5", "external_ip": "203.0.113.5"}] or '
                f'{{"10.0.0.0/24": "203.0.113.0/24"}}: {error}.'
            ]
        }
    return {}


def _is_web_address(text: str) -> bool:
    try:
        url = urlparse(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # what stands for the host or the port cannot be one
        return False


def connect(offering: Offering) -> None:
    """Write the settings the offering is connected by, and have the connection checked."""
    attributes = {**offering.secret_options}
    plugin = {name: offering.plugin_options.get(name) for name in FROM_PLUGIN}
    hiding = {name: attributes.get(name) for name in HIDING}  # only as they were validated
    public = {name: {**attributes, **offering.options}.get(name) for name in PUBLIC}
    fields: dict[str, Any] = {
        "name": offering.name,
        "customer": offering.customer,
        "shared": offering.shared,
        "secret_options": {name: attributes[name] for name in SECRET if name in attributes},
        "options": {name: value for name, value in {**public, **plugin, **hiding}.items() if value not in (None, "")},
    }
    service = offering.scope
    if service is None:
        service = ServiceSettings.objects.create(type="OpenStack", **fields)
        offering.scope = service
        offering.save()
    else:
        checked = {name: getattr(service, name) for name in fields} | {"options": _connecting(service.options)}
        proven = checked == {**fields, "options": _connecting(fields["options"])} and service.state == CoreState.OK
        if proven and service.options == fields["options"]:
            return
        for name, value in fields.items():
            setattr(service, name, value)
        service.save(update_fields=[*fields, "modified"])
        if proven:
            return
    if attributes:
        start(ConnectCloud if service.state == CoreState.CREATION_SCHEDULED else CheckConnection, service, user=None)


def _connecting(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a check of the connection is about: no limits."""
    return {name: value for name, value in options.items() if name not in LIMIT_OPTIONS}
