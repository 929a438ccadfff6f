"""Glance's objects as columns."""

from typing import Any

from django.utils.dateparse import parse_datetime

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.quotas import MIB_PER_GIB

Columns = dict[str, Any]
FOR_ALL = ("public", "community")


def image_columns(found: JSON) -> Columns:
    return {
        "name": found["name"] or found["id"],
        "min_disk": found["min_disk"] * MIB_PER_GIB,
        "min_ram": found["min_ram"],
        "backend_created_at": parse_datetime(found["created_at"]),
        "hw_rescue_device": found.get("hw_rescue_device", ""),
        "hw_rescue_bus": found.get("hw_rescue_bus", ""),
        "is_public": found["visibility"] in FOR_ALL,
    }
