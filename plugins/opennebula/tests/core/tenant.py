"""What the people of a VDC see."""

from __future__ import annotations

from typing import Any

import pyone
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin

TEMPLATE = 0  # "alpine" of a fresh twin: one core, 512 MB


def sign_in(cloud: Cloud, backend_id: str = "blue") -> tuple[str, str]:
    """The credentials that the marketplace shows."""
    metadata = VdcOffering(cloud, {}).metadata(backend_id)
    return metadata["opennebula_username"], metadata.get("opennebula_password", "")


def as_user(twin: OpenNebulaTwin, cloud: Cloud, backend_id: str = "blue") -> Any:
    """OpenNebula as the user of the VDC."""
    return pyone.OneServer(twin.endpoint, session=":".join(sign_in(cloud, backend_id)))


def listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]
