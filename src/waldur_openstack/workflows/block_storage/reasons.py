"""Why Cinder gave something up: it tells the users of the project in messages of its own."""

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON


def given_up(cloud: Cloud, deed: str, found: JSON) -> str:
    """What to tell of a volume or snapshot that Cinder `found` in trouble; `deed`: e.g. "extend volume data"."""
    text = f"The cloud could not {deed} (its state there is {found['status']})."
    said = cloud.block_storage.last_message(found["id"])
    return f"{text} It says: {said}" if said else text
