"""Users and their tokens and keys, customers and their projects, and connections to clouds."""

from waldur_core.structure.models.customers import Customer, Project
from waldur_core.structure.models.keys import SshPublicKey
from waldur_core.structure.models.resources import ServiceResource
from waldur_core.structure.models.settings import ServiceSettings
from waldur_core.structure.models.tokens import AuthToken
from waldur_core.structure.models.users import User

__all__ = ["AuthToken", "Customer", "Project", "ServiceResource", "ServiceSettings", "SshPublicKey", "User"]
