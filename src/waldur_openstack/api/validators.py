"""Rules for single values, each with a sentence that helps."""

import ipaddress
import re
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_openstack.marks import METADATA_KEY
from waldur_openstack.workflows.context import MOST_METADATA

_LABEL = re.compile(r"^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$")
PRIVATE = tuple(ipaddress.IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def validate_host_name(value: str) -> None:
    """A server's name becomes its host name."""
    if len(value) > 255 or not all(_LABEL.match(label) for label in value.split(".")):
        raise ValidationError(
            "The name must be a valid host name: labels of 1 to 63 letters, digits and inner hyphens, joined by dots."
        )


def validate_private_cidr(value: str) -> str:
    """A private IPv4 network of 256 addresses."""
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValidationError(f"Give an IPv4 network such as 192.168.42.0/24: {error}.") from error
    if network.prefixlen != 24 or not any(network.subnet_of(private) for private in PRIVATE):
        raise ValidationError("Give a private /24 network: in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.")
    return str(network)


MOST_MIB = 2**31 - 1  # two pebibytes: what a column holds


def validate_gibibyte(value: int) -> None:
    """Clouds count storage in GiB."""
    if value < 1024:
        raise ValidationError("The size is given in MiB and must be at least 1024 (1 GiB).")
    if value > MOST_MIB:
        raise ValidationError(f"The size is given in MiB and must be at most {MOST_MIB}.")


class MetadataField(serializers.DictField):
    """A server's metadata as Nova takes it."""

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.CharField(max_length=255, allow_blank=True, trim_whitespace=False)
        super().__init__(child=child, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        value = super().run_validation(data)
        if len(value) > MOST_METADATA:
            raise ValidationError(f"At most {MOST_METADATA} entries.")
        if any(not 0 < len(key) <= 255 for key in value):
            raise ValidationError("Keys have 1 to 255 characters.")
        if METADATA_KEY in value:
            raise ValidationError(f"The key {METADATA_KEY} belongs to the platform. Choose another.")
        return value
