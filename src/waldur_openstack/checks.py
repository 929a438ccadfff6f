"""`waldur check`, also run when the server starts: whether the settings of the plugin make sense."""

import ipaddress
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import Error, register


@register()
def check_settings(**_: Any) -> list[Error]:
    values = settings.WALDUR_OPENSTACK
    return [
        Error(f"WALDUR_OPENSTACK[{name!r}]: {text}", id="openstack.E001")
        for name, problem in CHECKS.items()
        if (text := problem(values[name]))
    ]


def _limits(limits: dict[str, Any]) -> str:
    wrong = [kind for kind, limit in limits.items() if type(limit) is not int or limit < 1]
    return f"give {' and '.join(wrong)} a whole number from 1 on." if wrong else ""


def _minutes(minutes: dict[str, Any]) -> str:
    wrong = [name for name, value in minutes.items() if type(value) is not int or value < 1]
    return f"give {' and '.join(wrong)} whole minutes from 1 on." if wrong else ""


def _pool(pool: dict[str, Any]) -> str:
    octets = {"first_octet": "192", "second_octet": "168", "third_octet": "42"}
    try:
        start, end = (ipaddress.IPv4Address(str(pool[key]).format(**octets)) for key in sorted(pool, reverse=True))
    except (ValueError, KeyError, IndexError) as error:
        return f"this gives no IPv4 addresses: {error}."
    network = ipaddress.IPv4Network("192.168.42.0/24")
    inside = start in network and end in network and start <= end
    return "" if inside else "the pool must lie in the subnet and begin before it ends."


def _groups(groups: list[Any]) -> str:
    from waldur_openstack.api.security import TenantSecurityGroupSerializer

    serializer = TenantSecurityGroupSerializer(data=groups, many=True)
    return "" if serializer.is_valid() else f"these are no security groups: {serializer.errors}"


CHECKS: dict[str, Callable[[Any], str]] = {
    "MAX_CONCURRENT_PROVISION": _limits,
    "STUCK_MINUTES": _minutes,
    "SUBNET": _pool,
    "DEFAULT_SECURITY_GROUPS": _groups,
}
