"""Which attributes of a user an offering's service is told: those its provider has asked for, else the usual ones."""

from typing import Any

from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_site_agent.models import AttributeConfig

ATTRIBUTES = ("username", "full_name", "email", "phone_number", "organization", "job_title")
DEFAULT = ("username", "full_name", "email")


def exposed(offering: Offering) -> tuple[str, ...]:
    """Names of attributes; `offering.attribute_config` may be fetched with the offering."""
    try:
        return tuple(offering.attribute_config.exposed_fields)
    except AttributeConfig.DoesNotExist:
        return DEFAULT


def attributes_of(user: Any, offering: Offering) -> dict[str, str]:
    """{attribute: value}, of those exposed."""
    return {name: str(getattr(user, name)) for name in exposed(offering)}
