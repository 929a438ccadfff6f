"""What the steps of a server's workflows see."""

from typing import Any

from waldur_core.structure.states import CoreState
from waldur_openstack.models import FloatingIP, Instance, Port, Volume
from waldur_openstack.workflows.context import CloudContext


class InstanceContext(CloudContext):
    subject: Instance

    @property
    def volume(self) -> Volume:
        return self.row(Volume.objects.select_related("image", "type", "availability_zone"))

    @property
    def port(self) -> Port:
        return self.row(Port.objects.select_related("network", "subnet"))

    @property
    def floating_ip(self) -> FloatingIP:
        return self.row(FloatingIP.objects.select_related("port"))

    def new(self, rows: Any) -> list[tuple[str, str]]:
        """The rows that this operation has to make in the cloud: (uuid, label)."""
        return [
            (row.uuid.hex, row.name or "") for row in rows.filter(state=CoreState.CREATION_SCHEDULED).order_by("pk")
        ]
