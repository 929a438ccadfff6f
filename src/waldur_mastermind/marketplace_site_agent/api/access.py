"""Who may act for the agent of an offering: holders of OFFERING.UPDATE on the offering or on its customer."""

from waldur_core.permissions.access import Holder
from waldur_core.permissions.strings import Permission


def agent(path: str, permission: Permission = Permission.OFFERING_UPDATE) -> Holder:
    """`path` leads from the object to its offering."""
    return Holder(permission=permission, on=(path, f"{path}.customer"))
