"""Nova's objects as columns."""

from typing import Any

from django.utils.dateparse import parse_datetime

from waldur_openstack.cloud.gateway import JSON

Columns = dict[str, Any]


def server_columns(found: JSON) -> Columns:
    started = found.get("OS-SRV-USG:launched_at")
    return {
        "runtime_state": found["status"],
        "start_time": parse_datetime(started + "+00:00") if started else None,
        "hypervisor_hostname": found.get("OS-EXT-SRV-ATTR:hypervisor_hostname") or "",
        "key_name": found.get("key_name") or "",
    }
