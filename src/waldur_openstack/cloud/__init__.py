"""The way to a cloud: a session and one thin gateway per service. Of our tables it knows only the credentials."""

from dataclasses import replace
from functools import cached_property

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud.block_storage import BlockStorage
from waldur_openstack.cloud.compute import Compute
from waldur_openstack.cloud.identity import Identity
from waldur_openstack.cloud.image import Image
from waldur_openstack.cloud.network import Network
from waldur_openstack.cloud.placement import Placement
from waldur_openstack.cloud.session import Credentials


class Cloud:
    """A cloud as the service account sees it, in its own project or, after `in_project`, in a tenant's."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    @classmethod
    def of(cls, service: ServiceSettings) -> "Cloud":
        return cls(Credentials.of(service))

    def in_project(self, project_id: str) -> "Cloud":
        return Cloud(self.credentials.in_project(project_id))

    def signed_in_as(self, username: str, password: str, project_id: str) -> str:
        """The id of a user of the same domain; AuthenticationFailed unless the password opens the project to him."""
        theirs = replace(self.credentials.in_project(project_id), username=username, password=password)
        return Cloud(theirs).identity.own_user_id()

    def own_project_id(self) -> str:
        """The project we speak for; signs in when that has not happened yet."""
        return self.credentials.project_id or self.identity.own_project_id()

    @cached_property
    def identity(self) -> Identity:
        return Identity(self.credentials)

    @cached_property
    def compute(self) -> Compute:
        return Compute(self.credentials)

    @cached_property
    def block_storage(self) -> BlockStorage:
        return BlockStorage(self.credentials)

    @cached_property
    def network(self) -> Network:
        return Network(self.credentials)

    @cached_property
    def placement(self) -> Placement:
        return Placement(self.credentials)

    @cached_property
    def image(self) -> Image:
        return Image(self.credentials)


__all__ = ["Cloud", "Credentials"]
