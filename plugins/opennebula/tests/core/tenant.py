"""What the people of a VDC see."""

from __future__ import annotations

from typing import Any

import pyone
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.markup import Thing
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin

TEMPLATE = 0  # "alpine" of a fresh twin: one core, 512 MB


def found(cloud: Cloud) -> Thing:
    vdc = cloud.vdcs.find("blue")
    assert vdc is not None
    return vdc


def network(cloud: Cloud) -> str:
    """What puts a machine into the VDC's own network."""
    vnet = cloud.pools.ours("vnets", "blue")
    assert vnet is not None
    return f'NIC=[NETWORK_ID="{vnet.id}"]'


def sign_in(cloud: Cloud, backend_id: str = "blue") -> tuple[str, str]:
    """The credentials that the marketplace shows."""
    metadata = VdcOffering(cloud, {}).metadata(backend_id)
    return metadata["opennebula_username"], metadata.get("opennebula_password", "")


def as_user(twin: OpenNebulaTwin, cloud: Cloud, backend_id: str = "blue") -> Any:
    """OpenNebula as the user of the VDC."""
    return pyone.OneServer(twin.endpoint, session=":".join(sign_in(cloud, backend_id)))


def listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]
