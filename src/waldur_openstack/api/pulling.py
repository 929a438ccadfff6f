"""Asking for pulls: of an object, and of a part of a tenant."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.rest.errors import Conflict
from waldur_core.rest.views import Precondition
from waldur_core.structure.models import ServiceResource
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import ResourceViewSet, StatusSerializer
from waldur_openstack.api.changing import managed
from waldur_openstack.models import Backup
from waldur_openstack.workflows.pulling import (
    PullFlavors,
    PullFloatingIPs,
    PullImages,
    PullQuotas,
    PullSecurityGroups,
    PullServerGroups,
    PullVolumeTypes,
)
from waldur_openstack.workflows.pulling.base import PullWorkflow

scheduled = extend_schema(request=None, responses={202: StatusSerializer})


def require_in_cloud(obj: ServiceResource) -> None:
    """409 when there is nothing to be found in the cloud. A backup is there as its snapshots."""
    if not obj.backend_id and not (isinstance(obj, Backup) and obj.snapshots.exists()):
        raise Conflict(f"{obj} does not exist in the cloud.")


class Pulls(ResourceViewSet):
    """POST to `pull/`. Views that declare `access` of their own begin with `**Pulls.base_access`."""

    pull_workflow: ClassVar[type[PullWorkflow]]
    base_access: ClassVar = {**ResourceViewSet.base_access, **managed("pull")}
    base_preconditions: ClassVar[Mapping[str, tuple[Precondition, ...]]] = {
        **ResourceViewSet.base_preconditions,
        "pull": (require_state(CoreState.OK, CoreState.ERRED), require_in_cloud),
    }
    access = base_access

    @scheduled
    @action(detail=True, methods=["post"])
    def pull(self, request: Request, uuid: str) -> Response:
        """Take over what the cloud says of it."""
        operation = start(self.pull_workflow, self.get_object(), user=request.user)
        return self.scheduled(operation, "pull was scheduled")


PARTS = (
    "pull_quotas",
    "pull_security_groups",
    "pull_server_groups",
    "pull_floating_ips",
    "pull_flavors",
    "pull_images",
    "pull_volume_types",
)


class PullsOfTenant:
    """The actions on a tenant that pull one part of it."""

    pull_access: ClassVar = managed(*PARTS)
    pull_preconditions: ClassVar = dict.fromkeys(PARTS, (require_state(CoreState.OK), require_in_cloud))

    @scheduled
    @action(detail=True, methods=["post"])
    def pull_quotas(self: Any, request: Request, uuid: str) -> Response:
        """Take over limits and usages."""
        return self.begin(PullQuotas, "pull of quotas was scheduled")

    @scheduled
    @action(detail=True, methods=["post"])
    def pull_security_groups(self: Any, request: Request, uuid: str) -> Response:
        """Take over security groups and their rules."""
        return self.begin(PullSecurityGroups, "pull of security groups was scheduled")

    @scheduled
    @action(detail=True, methods=["post"])
    def pull_server_groups(self: Any, request: Request, uuid: str) -> Response:
        """Take over server groups."""
        return self.begin(PullServerGroups, "pull of server groups was scheduled")

    @scheduled
    @action(detail=True, methods=["post"])
    def pull_floating_ips(self: Any, request: Request, uuid: str) -> Response:
        """Take over floating IPs."""
        return self.begin(PullFloatingIPs, "pull of floating IPs was scheduled")

    @scheduled
    @action(detail=True, methods=["post"])
    def pull_flavors(self: Any, request: Request, uuid: str) -> Response:
        """Take over the flavors that the cloud offers."""
        return self.begin(PullFlavors, "pull of flavors was scheduled")

    @scheduled
    @action(detail=True, methods=["post"])
    def pull_images(self: Any, request: Request, uuid: str) -> Response:
        """Take over the images that the cloud offers."""
        return self.begin(PullImages, "pull of images was scheduled")

    @scheduled
    @action(detail=True, methods=["post"])
    def pull_volume_types(self: Any, request: Request, uuid: str) -> Response:
        """Take over the volume types that the cloud offers."""
        return self.begin(PullVolumeTypes, "pull of volume types was scheduled")
