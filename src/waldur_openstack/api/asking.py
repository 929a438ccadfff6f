"""Direct questions to a cloud, answered while the user waits. Views that ask are `non_atomic`."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework import status
from rest_framework.exceptions import APIException

from waldur_core.operations.errors import OperationError
from waldur_core.rest.errors import Conflict
from waldur_core.structure.models import ServiceResource
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant


class CloudRefused(APIException):
    """A direct question to the cloud was refused or not answered (the error's own words)."""

    status_code = status.HTTP_400_BAD_REQUEST


@contextmanager
def asking(tenant: Tenant) -> Iterator[Cloud]:
    """The cloud in the tenant's project; its errors become 400s."""
    require_in_cloud(tenant)
    try:
        yield Cloud.of(tenant.service_settings).in_project(tenant.backend_id)
    except OperationError as error:
        raise CloudRefused(error.message) from error


def require_in_cloud(obj: ServiceResource) -> None:
    """409 while the cloud does not have the object."""
    if not obj.backend_id:
        raise Conflict(f"The {obj._meta.verbose_name} does not exist in the cloud.")
