"""How many servers, volumes and snapshots a cloud makes at a time: a setting, or an option of the offering."""

from django.conf import settings

from waldur_core.operations.workflow import Throttle
from waldur_core.structure.models import ServiceSettings

# resource type: the option of an offering
OPTIONS = {
    "OpenStack.Instance": "max_concurrent_provision_instance",
    "OpenStack.Volume": "max_concurrent_provision_volume",
    "OpenStack.Snapshot": "max_concurrent_provision_snapshot",
}


def provision_limit(resource_type: str) -> Throttle:
    """So many of a kind per cloud; what belongs to a server that is being made counts with the server."""

    def limit(service: ServiceSettings) -> int:
        own = service.options.get(OPTIONS[resource_type])
        return int(own or settings.WALDUR_OPENSTACK["MAX_CONCURRENT_PROVISION"][resource_type])

    return Throttle(per="service_settings", limit=limit)
